"""The fault table: injects every fault of tests/faults and lists the lost work and the recovery.

    python benchmarks/faults.py [--page docs/reliability.md]

Prints the table; with --page, also writes it there, between its two marks, if every test passed.
"""

import datetime
import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from pages import hardware, write_into

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "python benchmarks/faults.py --page docs/reliability.md"
COLUMNS = {
    "fault": "Fault",
    "how": "How injected",
    "times": "Times",
    "lost": "Lost",
    "recovered": "Recovered",
}


BESIDE = ("--numprocesses", "2", "--dist", "loadfile", "--no-loadscope-reorder")
"""Two files at a time, because most victims compute on one core. In order, because the longest is early."""


class Rows:
    """A pytest plugin that collects the rows that tests record, and the skipped tests."""

    def __init__(self):
        """Starts without rows."""
        self._rows: list[tuple[str, dict[str, Any]]] = []
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest after each phase of each test."""
        if report.skipped:
            self.skipped.append(f"`{report.nodeid.partition('::')[2]}`: {report.longrepr[2]}")
        if report.when == "call" and report.passed:
            rows = [json.loads(value) for name, value in report.user_properties if name == "fault"]
            self._rows += [(report.nodeid, row) for row in rows]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows, sorted by the names of their tests."""
        return [row for _, row in sorted(self._rows, key=lambda entry: entry[0])]


def main(
    page: Annotated[Path | None, typer.Option(help="Where the table is written, too.")] = None,
) -> None:
    """Runs the tests; exits with pytest's status."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    gathered, begun = Rows(), time.monotonic()
    status = pytest.main([str(ROOT / "tests" / "faults"), "-m", "faults", "-q", *BESIDE], plugins=[gathered])
    table = rendered(gathered, seconds=time.monotonic() - begun)
    typer.echo(table)
    if page and status == 0:
        write_into(page, table)
    sys.exit(int(status))


def rendered(gathered: Rows, *, seconds: float) -> str:
    """The table in Markdown, below its command and hardware."""
    lines = [
        f"`{COMMAND}`, {datetime.date.today().isoformat()}, {seconds / 60:.0f} minutes "
        f"({sum(os.times()[:4]) / 60:.0f} of processor time) on {hardware()}.",
        "",
        "| " + " | ".join(COLUMNS.values()) + " |",
        "|---|---|---:|---|---|",
        *("| " + " | ".join(str(row[key]) for key in COLUMNS) + " |" for row in gathered.rows),
    ]
    if gathered.skipped:
        lines += ["", "Not injected here: " + "; ".join(gathered.skipped) + "."]
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
