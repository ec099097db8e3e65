"""The Grid search page's sections about the trained family: what more of one dimension buys, and
whether resolution pays by its detail or by its work."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from effnet_viz.engine.images import square
from effnet_viz.engine.requests import PhotoFile
from effnet_viz.evidence import coarse, family, samples
from effnet_viz.evidence.family import FamilyResult
from effnet_viz.evidence.paper.tables import Cell
from effnet_viz.figures import overlays, search
from effnet_viz.ui.shared import cache
from effnet_viz.ui.shared.parts import chart, table

SHOWN_SAMPLE = "church"


def diminishing(found: Sequence[FamilyResult]) -> None:
    """Accuracy at 1×, 2× and 4× for each dimension, from the shipped records."""
    st.header("What more of one dimension buys", divider="gray")
    if family.ranked(found):
        st.markdown(f"{family.order_sentence(found)} {family.steps_sentence(found)}")
        chart(
            search.returns(found),
            "gs_returns",
            "; ".join(f"{r.role} {r.built:.2f}×: {r.top1:.1f} %" for r in found),
        )
        st.markdown(family.certainty_sentence(found))
        rows: list[dict[str, Cell]] = [
            {
                "network": r.role,
                "as built": r.built,
                "validation top-1, %": r.top1,
                "95 % interval": f"{r.low:.1f} to {r.high:.1f}",
                "each seed, %": ", ".join(f"{seed:.1f}" for seed in r.seeds),
            }
            for r in found
        ]
        table(
            rows, name="returns", alt="Validation accuracy of each dimension at 1×, 2× and 4×",
            formats={"as built": lambda value: f"{value:.2f}×", "validation top-1, %": ".1f"},
        )  # fmt: skip
    missing = family.missing(found)
    if missing:
        st.info(
            f"Not shipped with this copy: {', '.join(missing)}. Their points appear here once "
            "they are trained.",
            icon=":material/info:",
        )
    epochs = sorted({r.epochs for r in found})
    if not found:
        return
    st.caption(
        "Source: the records of the shipped networks, read once on validation photos after "
        f"{' or '.join(map(str, epochs))} epochs of training; the bars are 95 %. The search's "
        "accuracies are of other photos and a shorter training: the two are not comparable."
    )


def detail_or_work(found: Sequence[FamilyResult]) -> None:
    """The resolution role with less detail, where that was measured: what each network saw, and
    what it reached."""
    shown = family.less_detail(found, coarse.read_blurred())
    trained = family.detail_or_work(found, coarse.read_coarse())
    if shown is None:
        return
    st.header("Is it the detail, or the work?", divider="gray")
    st.markdown(family.less_detail_sentence(shown))
    row, fine = shown.blurred, shown.resolution
    px, seen = row.resolution_px, row.detail_px
    work = f"works at {px} px"
    networks = [
        ("baseline", seen, f"works at {seen} px", shown.baseline.top1),
        ("resolution, less detail", seen, work, row.val_top1),
        ("resolution", px, work, fine.top1),
    ]
    if trained is not None:
        st.markdown(family.detail_sentence(trained))
        again = ("trained with less detail", seen, work, trained.coarse.val_top1)
        networks.insert(2, again)
    sample = next(s for s in samples.list_samples() if s.name == SHOWN_SAMPLE)
    data = samples.read_sample(SHOWN_SAMPLE)
    photo = cache.photo(PhotoFile.of(data))
    for column, (title, detail, how, top1) in zip(st.columns(len(networks)), networks, strict=True):
        with column:
            words = f"{sample.alt} Seen at {detail} px."
            picture = overlays.with_detail(photo, square(*photo.size), detail)
            st.image(picture, alt=words, width="stretch")
            st.markdown(f"**{title}: {top1:.1f} %**  \n:small[sees {detail} px, {how}]")
    if trained is None:
        st.markdown(
            "What the work alone could learn, "
            f"`python -m effnet_viz train --model resolution --detail-px {seen}` finds out."
        )
    else:
        st.caption(
            f"The network trained with less detail: the same recipe, {trained.coarse.epochs} "
            f"epochs, once; it does not ship, `{trained.coarse.reproduce}` trains it again."
        )
    st.caption(
        f"Validation top-1 on {row.val_n:,} photos, measured by this project; "
        f"`python -m effnet_viz evaluate --detail-px {seen}` measures it again."
    )
