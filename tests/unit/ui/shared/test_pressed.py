"""A press is acted on once."""

import pytest
from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from effnet_viz.errors import UserError
    from effnet_viz.ui.shared import pressed

    def act() -> None:
        st.session_state["acts"] = st.session_state.get("acts", 0) + 1
        raise UserError("It cannot be done.")

    pressed.button("Do it", "do_it", icon=":material/add:")
    try:
        pressed.act_if_pressed("do_it", act)
    except UserError as error:
        st.error(str(error))


@pytest.mark.parametrize("presses", [1, 2])
def test_what_failed_is_not_tried_again_unasked(presses):
    app = AppTest.from_function(page).run()
    for _ in range(presses):
        app.button[0].click().run()
        assert app.error[0].value == "It cannot be done."
    app.run()
    assert not app.error
    assert app.session_state["acts"] == presses
