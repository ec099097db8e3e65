"""Paper: every table of the paper, recomputed where it can be."""

import streamlit as st

from effnet_viz.ui import model_views, paper_views, shell

shell.inside_app()
st.title("The paper, recomputed")
st.markdown(
    "What Tan & Le print (2019), beside what their networks cost when built. Multiply-adds (MACs) "
    "are the paper's FLOPS."
)
with model_views.shown_errors():
    paper_views.show()
