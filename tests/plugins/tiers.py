"""Which command runs a test: `make test-fast`, `make test`, or only `make test-all`."""

import signal
from collections.abc import Iterable

import pytest

SLOW_FIXTURES = {"tiny_run", "stage_job", "tap_differences"}
"""A trained run, training of one layer, networks of full size: tests that use them are slow."""


def exhaustive(values: Iterable[object]) -> list[object]:
    """Parameters of a test that only `make test-all` runs."""
    return [pytest.param(value, marks=pytest.mark.exhaustive, id=str(value)) for value in values]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SLOW_FIXTURES & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)
        if "field" in item.path.parts and item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.exhaustive)  # so that those of `make test` stay within a minute


def pytest_configure() -> None:
    """Ctrl-C reaches the programs that tests start, even where a shell runs pytest in the background."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
