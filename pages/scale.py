"""Scale: move φ, α, β, γ and watch the network and its cost change."""

import json

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.figures import base
from effnet_viz.scaling.study import python_recipe
from effnet_viz.ui.scale import views
from effnet_viz.ui.shared import shell, widgets
from effnet_viz.ui.shared.state import scale_choice

shell.inside_app()
st.title("What does one step of scaling cost?")
controls, effect = st.columns([1, 2.6], gap="large")
with controls:
    widgets.scale_controls()

with effect:
    try:
        choice = scale_choice()
        result = choice.study()
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
    revealed = views.guess_first(result)
    views.headline(result, revealed)
    st.plotly_chart(
        base.network_drawing(result.by_role),
        alt=views.drawing_alt(result),
        config={"displayModeBar": False},
        key="drawing",
    )
    st.caption(
        "Every bar is a block, to one scale: **height** is the side of its input map, "
        "**thickness** its channels; more bars are more depth. The head is not drawn."
    )

if revealed:
    views.neighbours(choice, result)
    views.gap(result)
    views.stage_table(result)
    views.where_macs_go(result)
    views.take_away(result, python_recipe(result), json.dumps(result.as_dict(), indent=2))
