"""Ring 3: the only code that knows Streamlit."""
