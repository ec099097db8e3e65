"""Benchmark: how long models take on this machine, against what they cost on paper."""

import streamlit as st

from effnet_viz.ui.benchmark import results, views
from effnet_viz.ui.shared import model_views, shell

shell.inside_app()
st.title("Multiply-adds are not time")
st.markdown(
    "Notice which of the three costs predicts the time best, and which pairs of models it still "
    "gets wrong."
)
with model_views.shown_errors():
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        choice = views.controls()
        views.measuring(choice)
    shown = results.shown_rows(choice)
    with effect:
        results.charts(shown)
    results.table(choice, shown)
    results.table_four(shown)
    results.take_away(choice, shown)
