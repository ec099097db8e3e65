"""Paper: every table of the paper, recomputed where it can be."""

import streamlit as st

from effnet_viz.ui.paper import views
from effnet_viz.ui.shared import model_views, shell

shell.inside_app()
st.title("The paper, recomputed")
st.markdown(
    "What Tan & Le print (2019), beside what their networks cost when built. Multiply-adds (MACs) "
    "are the paper's FLOPS."
)
with model_views.shown_errors():
    views.show()
