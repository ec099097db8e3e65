"""Run: scaled models on one photo, what they say and what it costs."""

import streamlit as st

from effnet_viz.ui.run import experiments, views
from effnet_viz.ui.shared import shell
from effnet_viz.ui.shared.photos import photo_facts, photo_picker, photo_remarks

shell.inside_app()
st.title("What do the scaled models say?")
controls, effect = st.columns([1, 2.6], gap="large")
with controls:
    photo = photo_picker()
    st.image(photo.preview, alt=photo.alt, width=320)
    photo_facts(photo)
    photo_remarks(photo)
    views.more_photos()

with effect:
    choices = views.model_picker(photo)
    requests, predictions = views.run_models(photo, choices)
    experiments.show(photo, choices, requests, predictions)
