"""Your classes: heads on the scaled networks' features, trained in the room on one's own photos."""

import streamlit as st

from effnet_viz.ui.shared import shell
from effnet_viz.ui.transfer import views

shell.inside_app()
st.title("Which network learns your classes best?")
st.caption(
    "The networks stay as they are. For each, a linear classifier (a head) is trained on what the "
    "network sees in your photos, and asked about photos that it was not trained on."
)
views.page()
