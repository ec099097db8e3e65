"""Run: scaled models on one photo, what they say and what it costs."""

import streamlit as st

from effnet_viz import figures
from effnet_viz.ui import model_views, run_views, shell
from effnet_viz.ui.photos import photo_facts, photo_picker

shell.inside_app()
st.title("What do the scaled models say?")
controls, effect = st.columns([1, 2.6], gap="large")
with controls:
    photo = photo_picker()
    st.image(photo.image, alt=photo.alt, width="stretch")
    photo_facts(photo)
    run_views.more_photos()

with effect:
    choices = run_views.model_picker()
    model_views.class_warning(photo, {choice.family for choice in choices})
    predictions = run_views.run_models(photo, choices)
    if predictions:
        st.plotly_chart(
            figures.top_class_bars(predictions),
            alt=run_views.bars_alt(predictions),
            config={"displayModeBar": False},
            key="bars",
        )
        run_views.cost_table(predictions, choices)
