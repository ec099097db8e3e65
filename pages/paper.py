"""Paper: every table of the paper, recomputed where it can be."""

import streamlit as st

from effnet_viz.ui import model_views, paper_views

st.title("The paper, recomputed")
st.markdown(
    "Tan & Le's EfficientNet paper (2019): what it prints, beside what its networks cost when they "
    "are built. Multiply-adds (MACs) are what the paper calls FLOPS."
)
with model_views.shown_errors():
    paper_views.show()
