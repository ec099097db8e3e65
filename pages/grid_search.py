"""Grid search: step 1 of the paper on a small baseline, every point really trained."""

import streamlit as st

from effnet_viz.ui.grid_search import sections, views
from effnet_viz.ui.shared import model_views, parts, shell

shell.inside_app()
st.title("How should twice the multiply-adds be spent?")
st.markdown(
    "Step 1 of the paper, really run on a small network: every point is a choice of **α** (depth), "
    "**β** (width) and **γ** (resolution) that costs about twice the baseline."
)
parts.jump()
with model_views.shown_errors():
    found, choice = views.first_screen()
    sections.show(found, choice)
