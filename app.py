"""The web app: ``streamlit run app.py``."""

import streamlit as st

from effnet_viz.evidence.files import asset
from effnet_viz.ui.frame import (
    contrast,
    copy_link,
    delivery,
    narrow,
    reach,
    served,
    steps,
    unseen,
)
from effnet_viz.ui.lesson import glossary
from effnet_viz.ui.shared import engine, widgets

delivery.in_full()
st.set_page_config(
    page_title="Compound scaling, seen", page_icon=str(asset("icon.png")), layout="wide"
)
page = st.navigation(
    {
        "Try": [
            st.Page(
                "pages/scale.py",
                title="Scale",
                icon=":material/tune:",
                url_path="start",  # opens at the app's own address; /scale leads there, below
                default=True,
                help="Move φ, α, β, γ and see the network and its cost change.",
            ),
            st.Page(steps.to_scale, title="Scale", url_path="scale", visibility="hidden"),
            st.Page(
                "pages/run.py",
                title="Run",
                icon=":material/play_arrow:",
                help="Run scaled models on a photo and read what they say.",
            ),
            st.Page(
                "pages/compare.py",
                title="Compare",
                icon=":material/compare:",
                help="See where depth-, width-, resolution- and compound-scaled models look.",
            ),
            st.Page(
                "pages/grid_search.py",
                title="Grid search",
                icon=":material/grid_on:",
                help="See which α, β, γ win at twice the cost, and search yourself.",
            ),
            st.Page(
                "pages/transfer.py",
                title="Your classes",
                icon=":material/photo_library:",
                help="Train a head on each network with photos of your own, and see which is best.",
            ),
        ],
        "Evidence": [
            st.Page(
                "pages/anatomy.py",
                title="Anatomy",
                icon=":material/account_tree:",
                help="Open the network's stages, blocks and operations, with what each costs.",
            ),
            st.Page(
                "pages/paper.py",
                title="Paper",
                icon=":material/article:",
                help="Every table of the paper, recomputed where it can be.",
            ),
            st.Page(
                "pages/benchmark.py",
                title="Benchmark",
                icon=":material/speed:",
                help="How long models take on this machine, against what they cost on paper.",
            ),
        ],
        "Learn": [
            st.Page(
                "pages/lesson.py",
                title="Lesson",
                icon=":material/school:",
                help="Predict, lock, reveal: fifty minutes for a class, an hour for one person.",
            ),
        ],
    }
)
with unseen.unseen():
    steps.keep_steps()
    reach.by_keyboard()
    contrast.readable()
    narrow.stacked()
widgets.sidebar()
with st.sidebar:
    glossary.glossary()
    copy_link.copy_link()
    served.invitation()
served.log_in_lines()
page.run()
engine.begin_loading()
