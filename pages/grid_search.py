"""Grid search: step 1 of the paper on a small baseline, every point really trained."""

import streamlit as st

from effnet_viz.evidence.family import family_results
from effnet_viz.ui.grid_search import evidence, views
from effnet_viz.ui.grid_search import family as search_family
from effnet_viz.ui.shared import model_views, shell

shell.inside_app()
st.title("How should twice the multiply-adds be spent?")
st.markdown(
    "Step 1 of the paper, really run on a small network: each point is a choice of **α** (depth), "
    "**β** (width) and **γ** (resolution) that costs about twice the baseline, all trained alike. "
    "Notice where the best points lie, and whether their intervals let you call one the winner."
)
with model_views.shown_errors():
    found, choice = views.first_screen()
    views.details(found, choice)
    evidence.every_point(found)
    evidence.law(found, choice)
    family = family_results()
    search_family.diminishing(family)
    search_family.detail_or_work(family)
    evidence.the_paper(family)
