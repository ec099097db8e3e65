"""AppTest on the whole app: navigation, sidebar and page together."""

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parents[2] / "app.py"


# Every `AppTest` reads what each installed package says of itself, to find components among them.
manifest_scanner.scan_component_manifests = functools.cache(
    manifest_scanner.scan_component_manifests
)


@pytest.fixture(scope="session")
def open_page() -> Callable[..., AppTest]:
    """``open_page("pages/run.py", phi="2")``: the app on that page, run once from that link."""

    def open_(page: str | None = None, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        for key, value in query.items():
            app.query_params[key] = value
        if page:
            app.switch_page(page)
        app.run()
        assert not app.exception, [e.value for e in app.exception]
        return app

    return open_


def texts(app: AppTest) -> str:
    """Everything the page says in Markdown, alerts and captions, as one string."""
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error, app.success)
    return "\n".join(str(element.value) for kind in kinds for element in kind)
