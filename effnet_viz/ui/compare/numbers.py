"""The maps in numbers: a table of all, and removing pixels to ask the models again."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from effnet_viz.figures.base import si
from effnet_viz.ui.compare import slow
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
    st.table(frame, alt="What is counted of each map")
    st.download_button(
        "These numbers, CSV",
        frame.to_csv(),
        file_name="attention.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(
        "Computed here, on each map's own raw grid, every place with the value of the cell centred "
        "nearest. **Best quarter**: share of the map's sum in "
        "the quarter of the area where it is largest; 25 % is even, 100 % all in one place. "
        "**Centre**: centre of mass from the left and top edge of the square. **Like the "
        "baseline's**: Spearman's rank correlation of the two maps at the coarser one's cells, 1 "
        "is the same order of places. **Raw maximum**: before any scaling; not comparable between "
        "networks."
        + (
            " **In the box**: share of the map's sum inside your box (energy-based pointing game, "
            "Wang et al. 2020)."
            if maps.view.settings.box is not None
            else " Draw a *box round the object* to count what lies inside."
        )
    )
    with st.expander("Every map in a sentence", icon=":material/hearing:"):
        for network, result in maps.shown:
            st.markdown(f"**{network.title}**: {lower_first(cache.in_words(result))}")


def removal(maps: Maps) -> None:
    """Deletion, insertion and ROAD: does the network need what its map shows?"""
    st.markdown(
        "**Does the network need what its map shows?** Take away the brightest pixels and ask "
        "again: if the map is true, the class's probability falls fast."
    )
    found = slow.measured(maps.view, maps.results)
    if found is not None:
        rows = []
        for network, result in maps.shown:
            figures = found.get(network.key)
            row = {"network": network.title, "class": result.target_class}
            if figures is None:
                row |= dict.fromkeys(("deletion ↓", "insertion ↑", "ROAD ↑"), MISSING)
            else:
                row |= {
                    "deletion ↓": f"{figures.deletion:.3f}",
                    "insertion ↑": f"{figures.insertion:.3f}",
                    "ROAD ↑": f"{figures.road:+.3f}",
                }
            rows.append(row)
        frame = pd.DataFrame(rows).set_index("network")
        st.table(frame, alt="Deletion, insertion and ROAD of each map")
        st.download_button(
            "These measures, CSV",
            frame.to_csv(),
            file_name="removal.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    st.caption(
        "**Deletion**: area under the curve of the class's probability while the most important "
        "pixels are replaced by grey, lower is better. **Insertion**: the same while they are "
        "added to a blurred photo, higher is better (Petsiuk et al. 2018, 20 steps, trapezoid "
        "rule). **ROAD** = (LeRF - MoRF) / 2 over nine shares of pixels from 10 % to 90 %, removed "
        "by noisy linear imputation, higher is better (Rong et al. 2022, by pytorch-grad-cam). A "
        "sure network starts higher, so compare maps of one network, or the order of networks "
        "with care."
    )
