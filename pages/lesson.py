"""Lesson: predict, lock, reveal; alone or with a class."""

import streamlit as st

from effnet_viz.ui.lesson import views
from effnet_viz.ui.lesson.wording import say
from effnet_viz.ui.shared import shell

shell.inside_app()
st.title(say("title"))
views.page()
