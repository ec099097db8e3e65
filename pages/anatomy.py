"""Anatomy: the scaled network opened, stage by stage, block by block, operation by operation."""

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.ui import anatomy_views, shell
from effnet_viz.ui.state import scale_choice

shell.inside_app()
st.title("What is inside a block?")
try:
    choice = scale_choice()
    result = choice.study()
except UserError as error:
    st.error(f"{error} Change it on the Scale page.", icon=":material/error:")
    st.page_link("pages/scale.py", label="Open Scale", icon=":material/tune:")
    st.stop()

anatomy_views.which_network(choice, result)
opened = anatomy_views.pick_block(result)
anatomy_views.block_drawing(opened)
anatomy_views.operation_table(opened)
anatomy_views.stage_blocks(opened)
anatomy_views.comparison(opened)
anatomy_views.doubling(result)
anatomy_views.receptive_field(result, opened.stage)
anatomy_views.take_away(result)
