"""What scrolls sideways can be scrolled by keyboard (WCAG 2.2, 2.1.1)."""

from __future__ import annotations

import streamlit as st

#: Installed once a document. Streamlit's boxes around a table and around code scroll where these
#: are wider, and nothing in them takes the focus; Chromium and Firefox give it to such a box by
#: themselves, Safari and what reads a page aloud need to be told. Looked at again a moment after
#: something was drawn, and when such a box or what is in it has another size.
_SCRIPT = """
const BOXES = '[data-testid="stTable"] > div:has(> table), [data-testid="stCode"] pre';

function told(box) {
  const wide = box.scrollWidth > box.clientWidth + 1;
  if (wide === box.hasAttribute("tabindex")) return;
  if (wide) {
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    const table = box.querySelector("table");
    box.setAttribute("aria-label", table?.getAttribute("aria-label") ?? "Code");
  } else {
    for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
}

function install() {
  let asked = false;
  const look = () => {
    if (asked) return;
    asked = true;
    setTimeout(() => {
      asked = false;
      document.querySelectorAll(BOXES).forEach((box) => {
        told(box);
        if (known.has(box)) return;
        known.add(box);
        for (const part of [box, ...box.children]) sized.observe(part);
      });
    }, 200);
  };
  const known = new WeakSet();
  const sized = new ResizeObserver(look);
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  look();
}

if (!window.__effnetVizReach) {
  window.__effnetVizReach = true;
  install();
}
export default function () {}
"""

_component = st.components.v2.component("effnet_viz_reach", js=_SCRIPT)


def by_keyboard() -> None:
    """Install it; call on every page, at the same place."""
    _component(key="reach_by_keyboard")
