"""The fixtures of a server whose engine needs no training."""

import contextlib

import pytest
import served

photo, b64, serve, start = served.photo, served.b64, served.serve, served.start
running, client = served.running, served.client
WIDE = {"width": 1100, "height": 900}


@pytest.fixture
def visit_server(browser):
    """Opens a server's page, and holds it to loading nothing from elsewhere and failing at nothing."""
    with contextlib.ExitStack() as opened:
        asked, wrong = [], []

        def open_page(running, decisions=None, **options):
            here = str(running.client.base_url)
            page = opened.enter_context(contextlib.closing(browser.new_page(**{"viewport": WIDE, **options})))
            page.on("request", lambda request: asked.append(request.url.startswith((here, "data:", "blob:"))))
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.on("console", lambda message: _refused(message) or wrong.append(message.text))
            if decisions is not None:
                page.route("**/decisions", lambda route: route.fulfill(json=decisions))
            page.goto(here)
            return page

        yield open_page
        assert wrong == []
        assert asked
        assert all(asked)


@pytest.fixture
def visit(visit_server, running):
    """Opens the page of the server that most tests have."""
    return lambda **options: visit_server(running, **options)


def _refused(message):
    """Chromium's own word on an answer that a test makes fail."""
    url = message.location["url"]
    return any(path in url for path in ("/annotate", "/decide", "/sidecars")) and message.text.startswith(
        "Failed to load resource"
    )


@pytest.fixture(scope="module")
def file(photo):
    """Makes a photograph as a page is given one; its brightness decides the probabilities."""
    return lambda name="sea.png", value=255: {
        "name": name,
        "mimeType": "image/png",
        "buffer": photo(value),
    }
