"""Benchmark: how long models take on this machine, against what they cost on paper."""

import streamlit as st

from effnet_viz.ui import bench_results, bench_views, model_views, shell

shell.inside_app()
st.title("Multiply-adds are not time")
st.markdown(
    "Notice which of the three costs predicts the time best, and which pairs of models it still "
    "gets wrong."
)
with model_views.shown_errors():
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        choice = bench_views.controls()
        bench_views.measuring(choice)
    shown = bench_results.shown_rows(choice)
    with effect:
        bench_results.charts(shown)
    bench_results.table(choice, shown)
    bench_results.table_four(shown)
    bench_results.take_away(choice, shown)
