"""Which command runs a test: `make test-fast`, `make test`, or only `make test-all`."""

import gc
import re
import signal
from collections.abc import Iterable

import pytest

SLOW_FIXTURES = {"tiny_run", "stage_job", "tap_differences"}
"""A trained run, training of one layer, networks of full size: tests that use them are slow."""
REPORT = re.compile(r"test_(fault|report)_\d+")
"""How the names of tests in tests/field begin."""


def exhaustive(values: Iterable[object]) -> list[object]:
    """Parameters of a test that only `make test-all` runs."""
    return [pytest.param(value, marks=pytest.mark.exhaustive, id=str(value)) for value in values]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks slow and exhaustive tests, and moves the longest file to the start.

    While it runs, the other process makes the run and the export that many tests share.
    """
    items.sort(key=lambda item: item.path.name != "test_end_to_end.py")
    for item in items:
        if SLOW_FIXTURES & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)
    field = [item for item in items if "field" in item.path.parts and not _is(item, "exhaustive")]
    slow = [item for item in field if _is(item, "slow")]
    held = {_report(item) for item in field if item not in slow}
    for item in slow:
        if _report(item) in held:
            item.add_marker(pytest.mark.exhaustive)
        held.add(_report(item))


def pytest_collection_finish() -> None:
    """Leaves what was imported out of each later search for garbage, which would take 7 % of the time."""
    gc.collect()
    gc.freeze()


def _is(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None


def _report(item: pytest.Item) -> str:
    """The fault or report that a test of tests/field holds; `make test` runs one test of each at least."""
    match = REPORT.match(item.name)
    return match.group() if match else ""


def pytest_configure() -> None:
    """Ctrl-C reaches the programs that tests start, even where a shell runs pytest in the background."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
