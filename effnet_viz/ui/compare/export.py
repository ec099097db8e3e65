"""Take the comparison away: sheet, report, raw maps and link."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from effnet_viz.evidence.map_scales import SCALES
from effnet_viz.figures import overlays, sheets
from effnet_viz.figures.base import si
from effnet_viz.figures.report import ReportMap, Table, html_report
from effnet_viz.ui.compare.numbers import number_rows
from effnet_viz.ui.compare.view import Maps
from effnet_viz.ui.shared import cache
from effnet_viz.ui.shared.photos import YOURS


def take_away(maps: Maps) -> None:
    """Everything on screen as files, and the link that brings the view back."""
    st.markdown("**Take it away**, with classes, weights and settings printed on it.")
    address = link()
    with st.container(horizontal=True):
        st.download_button(
            "Contact sheet, PNG",
            lambda: sheet_png(maps),
            file_name="attention.png",
            mime="image/png",
            icon=":material/image:",
            on_click="ignore",
        )
        st.download_button(
            "Report, one HTML file",
            lambda: report(maps, address),
            file_name="attention.html",
            mime="text/html",
            icon=":material/article:",
            on_click="ignore",
            help="Opens anywhere, without a network.",
        )
        st.download_button(
            "Raw maps, .npz",
            lambda: raw_maps(maps),
            file_name="attention.npz",
            mime="application/octet-stream",
            icon=":material/data_array:",
            on_click="ignore",
            help="One float32 array per network: the map on its own grid, after ReLU, before any "
            "scaling; the same file as the command line's --npz.",
        )
    st.caption("The link to this view; it carries every setting, and never your photo.")
    st.code(address, language=None, wrap_lines=True)


def link() -> str:
    """The address that restores the view, without the photo."""
    query = {
        key: values[0] if len(values) == 1 else values
        for key in st.query_params
        if (values := st.query_params.get_all(key)) and not (key == "photo" and _is_yours())
    }
    address = (st.context.url or "").partition("?")[0]
    return f"{address}?{urlencode(query, doseq=True)}" if query else address


def _is_yours() -> bool:
    return bool(st.session_state.get("photo") == YOURS)


def settings_of(maps: Maps) -> list[tuple[str, str]]:
    """What made the maps, as pairs of name and value."""
    view, settings = maps.view, maps.view.settings
    square = view.square
    pairs = [
        ("Photo", view.photo.title),
        (
            "Square every model saw",
            f"{square.side} px, from left {square.left}, top {square.top} of "
            f"{view.photo.image.width} × {view.photo.image.height} px",
        ),
        ("Evidence for", maps.target_words.replace("**", "")),
        ("Method", f"{settings.method_title}, stage {settings.stage}"),
        (
            "Scale of the colours",
            SCALES[settings.scale].what,
        ),
        (
            "Painting",
            f"{settings.colours}, opacity {settings.opacity:.2f}, "
            f"{'raw grid' if settings.raw_grid else 'interpolated between cells'}",
        ),
        ("Device", cache.device_label(view.device)),
        ("Made", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
    ]
    if settings.box is not None:
        b = settings.box
        box = f"{b.x0:.0%} to {b.x1:.0%} across, {b.y0:.0%} to {b.y1:.0%} down the square"
        pairs.insert(-2, ("Box", box))
    return pairs


def sheet_png(maps: Maps) -> bytes:
    """The contact sheet of the maps on screen, painted as they are there."""
    view, settings = maps.view, maps.view.settings
    results = [result for _, result in maps.shown]
    sheet = sheets.contact_sheet(
        view.photo.image,
        results,
        pictures=[maps.picture(result, sheets.TILE_PX) for result in results],
        seen=view.square,
        opacity=settings.opacity,
        colours=settings.colours,
        raw_grid=settings.raw_grid,
        scaled=f"shades: {SCALES[settings.scale].title.lower()}",
        settings=[f"{name}: {value}" for name, value in settings_of(maps)],
    )
    data = io.BytesIO()
    sheet.save(data, "PNG")
    return data.getvalue()


def raw_maps(maps: Maps) -> bytes:
    """The raw maps, one array per model, as the command line writes them."""
    data = io.BytesIO()
    arrays = {r.model: np.asarray(r.raw, dtype=np.float32) for _, r in maps.shown}
    np.savez(data, **arrays)  # type: ignore[arg-type]
    return data.getvalue()


def report(maps: Maps, address: str) -> str:
    """The comparison as one HTML document."""
    view = maps.view
    rows = number_rows(maps)
    pictured = []
    for network, result in maps.shown:
        facts = [
            f"{result.target_class} {100 * result.probability:.1f} %",
            f"{result.resolution_px} px, {result.grid[0]} × {result.grid[1]} grid, largest value "
            f"{si(result.raw_max)}",
            f"Weights: {result.weights}",
            result.note,
            network.note,
        ]
        if maps.is_improbable(result):
            facts.append("Dimmed: less likely to this model than a blind guess.")
        pictured.append(
            ReportMap(
                network.heading,
                network.role,
                maps.picture(result),
                cache.in_words(result),
                tuple(filter(None, facts)),
            )
        )
    header = tuple(rows[0])
    table = Table("Numbers", header, tuple(tuple(row.values()) for row in rows))
    return html_report(
        title="Where does each way of scaling look?",
        lead="Bright is what speaks for the class. One square of one photo, each model at its own "
        "resolution. A finer grid alone makes a map look sharper, and a few photos prove nothing.",
        photo=overlays.framed(view.photo.image, view.square, 480),
        photo_alt=view.photo.alt,
        maps=pictured,
        tables=[table],
        settings=settings_of(maps),
        notes=[
            "Best quarter: share of the map's sum in the quarter of its area where it is largest. "
            "Like the baseline's: Spearman's rank correlation. Computed on each map's raw grid.",
            view.photo.credit,
        ],
        link=address,
    )
