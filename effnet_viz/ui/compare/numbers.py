"""The maps in numbers: a table of all, and each in a sentence."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from effnet_viz.evidence.seeds.agreement import shipped_floor
from effnet_viz.figures.base import si
from effnet_viz.ui.compare.gallery import lower_first
from effnet_viz.ui.compare.view import Maps
from effnet_viz.ui.shared import cache

MISSING = "n/a"


def number_rows(maps: Maps) -> list[dict[str, str]]:
    """One row per map, all cells as text; what cannot be counted is a dash."""
    rows = []
    for network, result in maps.shown:
        numbers = maps.numbers(result)
        x, y = numbers.centroid or (None, None)
        row = {
            "network": network.title,
            "role": network.role,
            "class": result.target_class,
            "probability": f"{100 * numbers.probability:.1f} %",
            "raw maximum": si(numbers.raw_max),
            "best quarter": _percent(numbers.best_quarter_share),
            "centre, x": _percent(x),
            "centre, y": _percent(y),
            "like the baseline's": (
                MISSING if numbers.rank_correlation is None else f"{numbers.rank_correlation:+.2f}"
            ),
            "grid": f"{result.grid[0]} × {result.grid[1]}",
        }
        if maps.view.settings.box is not None:
            row["in the box"] = _percent(numbers.box_energy)
        rows.append(row)
    return rows


def _percent(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.0f} %"


def table(maps: Maps) -> None:
    """All numbers, what each is, and every map in a sentence."""
    rows = number_rows(maps)
    frame = pd.DataFrame(rows).set_index("network")
    said_above = [
        name for name in ("role", "class") if name == "role" or frame[name].nunique() == 1
    ]
    st.table(frame.drop(columns=said_above), alt="What is counted of each map")
    st.download_button(
        "These numbers, CSV",
        frame.to_csv,
        file_name="attention.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(
        "Computed here. **Best quarter**: share of the map in the quarter of the area where it is "
        "largest; 25 % is even. **Raw maximum**: not comparable between networks."
    )
    with st.expander(
        "Every map in a sentence; how each number is counted", icon=":material/hearing:"
    ):
        for network, result in maps.shown:
            st.markdown(f"**{network.title}**: {lower_first(cache.in_words(result))}")
        st.caption(
            "On each map's own raw grid, every place with the value of the cell centred nearest. "
            "**Centre**: centre of mass from the left and top edge of the square. **Like the "
            "baseline's**: Spearman's rank correlation of the two maps at the coarser one's cells, "
            f"1 is the same order of places. {shipped_floor()} **In the "
            "box**: share of the map's sum inside a *box round the object* (energy-based pointing "
            "game, Wang et al. 2020)."
        )
