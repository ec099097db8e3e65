"""Benchmark: how long models take on this machine, against what they cost on paper."""

import streamlit as st

from effnet_viz.ui.benchmark import results, views, within
from effnet_viz.ui.shared import model_views, shell

shell.inside_app()
st.title("Multiply-adds are not time")
st.markdown(
    "Notice the pairs of equal multiply-adds and different times. Multiply-adds are what the paper "
    "calls FLOPS."
)
with model_views.shown_errors():
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        choice = views.controls()
        views.measuring(choice)
    shown = results.shown_rows(choice)
    with effect:
        results.charts(shown)
    within.best_within(shown.rows, shown.is_example, shown.behind)
    results.table(choice, shown)
    results.table_four(shown)
    results.take_away(choice, shown)
