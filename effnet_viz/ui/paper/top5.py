"""What top-1 and top-5 mean, on the visitor's own last prediction where there is one."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from effnet_viz.evidence.paper.claims import photos_right
from effnet_viz.evidence.paper.tables import Paper
from effnet_viz.evidence.results import Prediction
from effnet_viz.ui.shared.parts import link, table

NONE_OF_THEM = "none of these"
VALIDATION_PHOTOS = 50_000


def top1_and_top5(paper: Paper) -> None:
    """The two measures, worked."""
    st.markdown("### Top-1 and top-5")
    predictions: Mapping[str, Prediction] = st.session_state.get("last_predictions") or {}
    known = {title: p for title, p in predictions.items() if p.meaningful}
    if known:
        _own(known)
    else:
        _worked(paper)


def _worked(paper: Paper) -> None:
    b0 = paper.variant_accuracies[0]
    wrong1, wrong5 = (
        VALIDATION_PHOTOS - photos_right(accuracy, VALIDATION_PHOTOS)[0]
        for accuracy in (b0.top1_v1, b0.top5_v1)
    )
    st.markdown(
        "**Top-1** counts a photo as right if the most probable class is the true one, **top-5** "
        f"if the true one is among the five most probable. Of ImageNet's {VALIDATION_PHOTOS:,} "
        f"validation photos, B0 gets {wrong1:,} wrong by the first measure ({b0.top1_v1} %) and "
        f"{wrong5:,} by the second ({b0.top5_v1} %): for {wrong1 - wrong5:,} photos the right "
        "class was a second to fifth guess. Run a photo, come back, and see it on your own."
    )
    st.caption("Accuracies: v1 table 2. Photos: computed from them.")
    link("pages/run.py", "Run models on a photo", ":material/play_arrow:")


def _own(predictions: Mapping[str, Prediction]) -> None:
    st.markdown(
        "Your last photo on the Run page, one row per model. **What does it really show?** "
        "Top-1 is right if that is the first guess, top-5 if it is among the five."
    )
    labels: dict[str, None] = {}
    for prediction in predictions.values():
        labels.update({c.label: None for c in prediction.top[:5]})
    truth = st.selectbox("The photo shows", [*labels, NONE_OF_THEM], key="p_truth")
    rows = []
    for title, prediction in predictions.items():
        guesses = [c.label for c in prediction.top[:5]]
        rows.append(
            {
                "model": title,
                "first guess": f"{guesses[0]} ({100 * prediction.top[0].probability:.0f} %)",
                "second to fifth": ", ".join(guesses[1:]),
                "top-1": _verdict(truth == guesses[0]),
                "top-5": _verdict(truth in guesses),
                "source": f"run on this machine; {prediction.weights}",
            }
        )
    table(rows, name="top-1-top-5", alt="Top-1 and top-5 verdicts on your last photo")
    if any(p.family == "classroom" for p in predictions.values()):
        st.caption(
            "The classroom models know ten classes, so five guesses are half of them: top-5 says "
            "little there. ImageNet has a thousand."
        )


def _verdict(right: bool) -> str:
    return ":green-badge[right]" if right else ":orange-badge[wrong]"
