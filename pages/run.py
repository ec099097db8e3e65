"""Run: scaled models on one photo, what they say and what it costs."""

import streamlit as st

from effnet_viz.figures import base
from effnet_viz.ui.run import views
from effnet_viz.ui.shared import model_views, shell
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
    choices = views.model_picker()
    model_views.class_warning(photo, {choice.family for choice in choices})
    requests, predictions = views.run_models(photo, choices)
    if predictions:
        st.plotly_chart(
            base.top_class_bars(predictions),
            alt=views.bars_alt(predictions),
            config={"displayModeBar": False},
            key="bars",
        )
        views.cost_table(requests, predictions, choices)
