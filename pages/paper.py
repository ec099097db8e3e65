"""Paper: every table of the paper, recomputed where it can be."""

import streamlit as st

from effnet_viz.ui import model_views, shell
from effnet_viz.ui.paper import views

shell.inside_app()
st.title("The paper, recomputed")
st.markdown(
    "What Tan & Le print (2019), beside what their networks cost when built. Multiply-adds (MACs) "
    "are the paper's FLOPS."
)
with model_views.shown_errors():
    views.show()
