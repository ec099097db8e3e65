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
#: changes, and that after somebody has touched the page: what a page writes on arrival, such as the
#: section it had, is not chosen anew.
#:
#: Where something goes from the link on the way to another page, it is no step and stays for Back
#: to find: the address from before is put back into its entry. Whether it is so shows the link that
#: was followed, the page that comes before the script's run has ended, or Back, which finds the
#: whole address in the entry's state.
#:
#: Who goes back or forward before the last page was answered has left that page. Its late answer
#: would write its address and cut off the steps ahead: nothing is written until the page is calm,
#: and no page makes an entry unless its link is followed.
_SCRIPT = """
const STEPS = __STEPS__;
const CALM_MS = 1000;

function install() {
  const push = history.pushState.bind(history);
  const replace = history.replaceState.bind(history);
  let before = null;
  let waiting = null;
  let followed = null;
  let returned = false;
  let quiet = true;
  let late = false;
  let touched = false;
  const at = (url) => new URL(url ?? window.location.href, window.location.href);
  const page = (url) => url.pathname.replace(/\\/$/, "");
  const query = (url) => new URLSearchParams(url.search);
  const isStep = (to) => touched
    && STEPS.some((key) => query(to).get(key) !== query(before).get(key));
  const losesOne = (to) => [...query(before).keys()].some((key) => !query(to).has(key));
  const hasRun = () => document.querySelector('[data-test-script-state="notRunning"]');
  const arrive = () => {
    clearTimeout(waiting);
    before = null;
    followed = null;
    returned = false;
    touched = false;
  };
  const settle = (...entry) => {
    const step = isStep(at(entry[2]));
    if (step) replace({}, "", before);
    before = null;
    (step ? push : replace)(...entry);
  };
  const wait = (...entry) => {
    waiting = setTimeout(() => (hasRun() && followed === null ? settle : wait)(...entry), 100);
  };
  const write = (...entry) => {
    const to = at(entry[2]);
    const moves = page(to) !== page(at());
    if (late || (moves && returned && page(to) !== followed)) return;
    clearTimeout(waiting);
    before ??= at();
    if (moves) {
      replace({}, "", before);
      arrive();
      push(...entry);
    } else if (losesOne(to)) {
      replace({ complete: before.href }, "", to);
      wait(...entry);
    } else {
      settle(...entry);
    }
  };
  history.pushState = write;
  history.replaceState = write;
  let calm = null;
  const stir = () => {
    clearTimeout(calm);
    quiet = false;
    if (hasRun()) calm = setTimeout(() => { quiet = true; late = false; }, CALM_MS);
  };
  new MutationObserver(stir)
    .observe(document, { subtree: true, attributeFilter: ["data-test-script-state"] });
  window.addEventListener("popstate", (event) => {
    if (event.state?.complete) replace({}, "", event.state.complete);
    arrive();
    returned = true;
    late = !quiet;
    stir();
  }, true);
  const follow = (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const to = at(link.href);
    const leaves = to.origin === at().origin && page(to) !== page(at());
    followed = leaves ? page(to) : null;
    if (leaves) stir();
  };
  window.addEventListener("click", follow, true);
  for (const touch of ["pointerdown", "keydown"]) {
    window.addEventListener(touch, () => { touched = true; late = false; }, true);
  }
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
