"""Compare: where the five roles look on one photo."""

import streamlit as st

from effnet_viz.ui import compare_views, model_views, shell
from effnet_viz.ui.photos import photo_picker

shell.inside_app()
st.title("Where does each way of scaling look?")
st.markdown(
    "Five networks, trained alike; all but the baseline cost four times the baseline's "
    "multiply-adds. **Bright** is what speaks for the class. Notice how the grid, not only the "
    "network, shapes the picture."
)
controls, effect = st.columns([1, 2.9], gap="large")
with controls:
    photo = photo_picker()
    compare_views.whole_photo(photo)
    settings = compare_views.controls()

with effect:
    model_views.class_warning(photo, {"classroom"})
    compare_views.maps(photo, settings)
