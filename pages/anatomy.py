"""Anatomy: the scaled network opened, stage by stage, block by block, operation by operation."""

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.ui.anatomy import block, network, sections
from effnet_viz.ui.shared import parts, shell
from effnet_viz.ui.shared.links import carried_scale_choice

shell.inside_app()
st.title("What is inside a block?")
parts.jump()
try:
    choice = carried_scale_choice()
    result = choice.study()
except UserError as error:
    st.error(f"{error} Change it on the Scale page.", icon=":material/error:")
    st.page_link("pages/scale.py", label="Open Scale", icon=":material/tune:")
    st.stop()

network.which_network(choice, result)
opened = network.pick_block(result)
block.block_drawing(opened)
sections.show(result, opened)
network.take_away(result)
