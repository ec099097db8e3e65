"""Compare: where networks look on one photo, and what that is worth."""

import streamlit as st

from effnet_viz.ui.compare import views
from effnet_viz.ui.frame import hidden
from effnet_viz.ui.shared import shell

shell.inside_app()
st.title("Where does each way of scaling look?")
hidden.obey("compare")
views.page()
hidden.remark("compare")
