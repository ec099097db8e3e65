"""What Back goes back to: one step for each page, section or stage that a person chose.

Streamlit's client writes an entry into the browser's history for a page, one more for what the page
then writes into its link, and one for taking the old link away; and none for a widget that stands
in the link. So one Back seemed to do nothing, and another one left the app.
"""

from __future__ import annotations

import json

import streamlit as st

#: The keys in the link whose change is a step: sections of pages, and what is opened on Anatomy.
STEPS = ("p_section", "a_stage", "a_block", "a_section", "gs_section", "look", "lesson")

#: Installed once a document. A link that only changes its query is no step unless one of the keys
#: changes; taking the query away just before going to another page is none either.
_SCRIPT = """
const STEPS = __STEPS__;

function install() {
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let dropping = null;
  const query = (url) => new URLSearchParams(url.search);
  const isStep = (to) =>
    STEPS.some((key) => query(to).get(key) !== query(window.location).get(key));
  const settle = () => {
    clearTimeout(dropping);
    dropping = null;
  };
  const write = (state, title, url) => {
    const to = new URL(url ?? window.location.href, window.location.href);
    settle();
    if (to.pathname !== window.location.pathname) {
      push(state, title, url);
    } else if (!to.search && window.location.search && !isStep(to)) {
      dropping = setTimeout(() => replace(state, title, url), 100);
    } else if (to.search !== window.location.search && isStep(to)) {
      push(state, title, url);
    } else {
      replace(state, title, url);
    }
  };
  history.pushState = write;
  history.replaceState = write;
  window.addEventListener("popstate", settle);
}

if (!window.__effnetVizSteps) {
  window.__effnetVizSteps = true;
  install();
}
export default function () {}
""".replace("__STEPS__", json.dumps(STEPS))

_component = st.components.v2.component("effnet_viz_steps", js=_SCRIPT)


def keep_steps() -> None:
    """Install it; call on every page, at the same place."""
    _component(key="history_steps")


def to_scale() -> None:
    """Leads an address that ends in ``/scale`` to the page that opens at the app's own address,
    with what the link says."""
    st.switch_page("pages/scale.py", query_params=st.query_params.to_dict())
