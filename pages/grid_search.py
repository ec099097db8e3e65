"""Grid search: step 1 of the paper on a small baseline, every point really trained."""

import streamlit as st

from effnet_viz.ui import model_views, search_views, shell

shell.inside_app()
st.title("How should twice the multiply-adds be spent?")
st.markdown(
    "Step 1 of the paper, really run on a small network: each point is a choice of **α** (depth), "
    "**β** (width) and **γ** (resolution) that costs about twice the baseline, all trained alike. "
    "Notice how little lies between them, and how much of that is noise."
)
with model_views.shown_errors():
    search_views.show()
