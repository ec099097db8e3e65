"""The sections of the Paper page."""
