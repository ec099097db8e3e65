"""Compare: where networks look on one photo, and what that is worth."""

import streamlit as st

from effnet_viz.ui import compare_views, shell

shell.inside_app()
st.title("Where does each way of scaling look?")
compare_views.page()
