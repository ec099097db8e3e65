"""EfficientNet-Lite on the Scale page: what changes for phones, and what its authors print."""

from __future__ import annotations

from functools import cache

import pandas as pd
import streamlit as st

from effnet_viz.evidence.lite import PUBLISHED, SOURCE
from effnet_viz.figures.base import si
from effnet_viz.scaling.architectures import EFFICIENTNET_B0, EFFICIENTNET_LITE0, LITE_VARIANTS
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import lite_spec
from effnet_viz.scaling.study import ScaleStudy


def what_changes(result: ScaleStudy) -> None:
    """Nothing where the baseline is another one."""
    if result.base.name != EFFICIENTNET_LITE0.name:
        return
    st.header("What changes for phones")
    before, after = network_cost(EFFICIENTNET_B0), network_cost(EFFICIENTNET_LITE0)
    st.markdown(
        "From B0 to Lite0: **no squeeze-and-excitation**, which phones' accelerators support "
        "badly; **ReLU6 instead of swish**, which makes 8-bit quantisation after training much "
        "better. When scaled, **stem and head keep their width**, the first and last block stage "
        "their one block, so that larger networks stay small. "
        f"Lite0 has {si(after.params)} parameters and {si(after.macs)} multiply-adds, B0 "
        f"{si(before.params)} and {si(before.macs)}."
    )
    st.table(_rows(), alt="EfficientNet-Lite0 to Lite4: computed here and printed by their authors")
    st.caption(
        f"Multipliers and printed figures: {SOURCE}; top-1 on ImageNet. Parameters and "
        "multiply-adds beside them: computed here. The printed multiply-adds lie 3 to 6 % above a "
        "count of convolutions and linear layers; the authors do not say how they counted."
    )


@cache
def _rows() -> pd.DataFrame:
    rows = []
    for name, row in LITE_VARIANTS.items():
        cost, printed = network_cost(lite_spec(name)), PUBLISHED[name]
        rows.append(
            {
                "network": name.capitalize(),
                "depth d": f"{row.depth:g}",
                "width w": f"{row.width:g}",
                "input": f"{row.resolution_px} px",
                "parameters": f"{cost.params:,}",
                "printed parameters": f"{printed.params_m:.1f} M",
                "multiply-adds": f"{cost.macs:,}",
                "printed multiply-adds": f"{printed.macs_m:,} M",
                "printed top-1": f"{printed.top1:.1f} %",
            }
        )
    return pd.DataFrame(rows).set_index("network")
