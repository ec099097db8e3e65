"""Scale: move φ, α, β, γ and watch the network and its cost change."""

import json

import streamlit as st

from effnet_viz.scaling.study import python_recipe
from effnet_viz.ui.frame import hidden as link_hides
from effnet_viz.ui.scale import fallback, guess, live, phones, views
from effnet_viz.ui.scale.choice import Shown
from effnet_viz.ui.shared import shell, widgets

shell.inside_app()
st.title("What does scaling cost?")
controls, effect = st.columns([1, 2.6], gap="large")
with controls:
    link_hides.obey("scale")
    live.controls()
    with st.container(key=views.PLAIN_CONTROLS):
        views.style()
        widgets.scale_controls()
    shown = Shown.of_session()
    hidden = guess.is_open(guess.is_untouched())
    live.now(shown, hidden)
    link_hides.remark("scale")

with effect:
    live.picture()
    result = shown.choice.study()
    with st.container(key=views.PLAIN_EFFECT):
        fallback.instead(shown, result, hidden)
    if not hidden:
        views.neighbours(shown.choice, result)
        phones.what_changes(result)
        views.gap(result)
        views.where_macs_go(result)
        views.take_away(
            shown.choice, result, python_recipe(result), json.dumps(result.as_dict(), indent=2)
        )
