"""A button that copies the address of what is on screen."""

from __future__ import annotations

import streamlit as st

#: Where the clipboard is not allowed (plain HTTP), the address stands there, selected, to be copied
#: by hand. Colours are the theme's own.
_SCRIPT = """
export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  const field = parentElement.querySelector("input");
  const said = parentElement.querySelector("[role=status]");
  button.onclick = async () => {
    const address = window.location.href;
    field.value = address;
    try {
      await navigator.clipboard.writeText(address);
      field.hidden = true;
      said.textContent = "Copied.";
    } catch {
      field.hidden = false;
      field.focus();
      field.select();
      said.textContent = "Selected: press Ctrl or ⌘ and C.";
    }
  };
  button.disabled = false;
}
"""
_MARKUP = """
<button type="button" disabled>Copy link to this view</button>
<input readonly hidden aria-label="Address of this view">
<div role="status"></div>
"""
_STYLE = """
button, input {
  font: inherit; width: 100%; box-sizing: border-box; padding: 0.35rem 0.6rem;
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
  background: var(--st-background-color); color: var(--st-text-color);
}
button { cursor: pointer; }
button:hover, button:focus-visible { border-color: var(--st-primary-color); }
button:focus-visible, input:focus-visible {
  outline: 2px solid var(--st-primary-color); outline-offset: 1px;
}
input { margin-top: 0.4rem; }
input[hidden] { display: none; }
[role="status"] { font-size: 0.85rem; min-height: 1.2rem; margin-top: 0.2rem; }
"""
_button = st.components.v2.component("effnet_viz_copy_link", html=_MARKUP, css=_STYLE, js=_SCRIPT)


def copy_link() -> None:
    """The button; the address carries every setting, and nothing of a private photo."""
    _button(key="copy_link")
