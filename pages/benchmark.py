"""Benchmark: how long models take on this machine, against what they cost on paper."""

import streamlit as st

from effnet_viz.ui import bench_views, model_views, shell

shell.inside_app()
st.title("Multiply-adds are not time")
with model_views.shown_errors():
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        choice = bench_views.controls()
        bench_views.measuring(choice)
    shown = bench_views.shown_rows(choice)
    with effect:
        bench_views.charts(shown)
    bench_views.table(choice, shown)
    bench_views.table_four(shown)
    bench_views.take_away(shown)
