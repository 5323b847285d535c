"""Measures each test: prints the ten slowest, and fails a run in which a test takes too long for its tier.

A test's time is the processor time of its process and of children that it waited for. Shared fixtures and
teardown are counted apart.
"""

import functools
import os
import platform
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Generator
from multiprocessing.process import BaseProcess

import psutil
import pytest

LIMIT = 60.0
"""Seconds of processor time that a test may take, unless only `make test-all` runs it."""
SLOWEST = 10
LOOK_SECONDS = 5.0
"""Between two looks at the memory."""


def _processor_seconds() -> float:
    return sum(os.times()[:4])


class Clock:
    """Runs beside the tests, in each of xdist's processes: adds a test's measures to its last report."""

    def __init__(self):
        self._began = self._shared = self._own = 0.0
        self._in_shared_fixture = False
        self._processes = 0
        subprocess.Popen.__init__ = self._counted(subprocess.Popen.__init__)
        BaseProcess.start = self._counted(BaseProcess.start)

    def _counted(self, start: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(start)
        def counted(*arguments, **options) -> None:
            self._processes += 1
            start(*arguments, **options)

        return counted

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        self._began, self._processes = _processor_seconds(), 0
        self._shared = self._own = 0.0
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef) -> Generator[None, object, object]:
        if fixturedef.scope == "function" or self._in_shared_fixture:
            return (yield)
        began, self._in_shared_fixture = _processor_seconds(), True
        try:
            return (yield)
        finally:
            self._in_shared_fixture = False
            self._shared += _processor_seconds() - began

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item) -> Generator[None, object, object]:
        """Fails a test of `make test-fast` that starts a process."""
        result = yield
        if not (item.get_closest_marker("slow") or item.get_closest_marker("exhaustive")):
            assert not self._processes, "A test that starts a process must be marked slow"
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call) -> None:
        whole = _processor_seconds() - self._began
        if call.when == "call":
            self._own = whole - self._shared
        if call.when == "teardown":
            measures = {
                "own": self._own,
                "shared": whole - self._own,
                "processes": self._processes,
                "limited": not item.get_closest_marker("exhaustive"),
            }
            item.user_properties.append(("measures", measures))


class PeakMemory(threading.Thread):
    """Looks now and then at the memory of this process and of all below it; shared pages count once."""

    def __init__(self):
        super().__init__(daemon=True)
        self.bytes = 0
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.bytes = max(self.bytes, self._now())

    def _now(self) -> int:
        whole = 0
        this = psutil.Process()
        for process in (this, *this.children(recursive=True)):
            try:
                memory = process.memory_full_info()
                whole += getattr(memory, "pss", memory.rss)  # pss: Linux alone tells it
            except psutil.Error:  # it has just ended
                continue
        return whole

    def end(self) -> None:
        self._ended.set()
        self.bytes = max(self.bytes, self._now())


class Summary:
    """Runs where the reports of all processes arrive."""

    def __init__(self):
        self._tests: dict[str, dict] = {}
        self._memory = PeakMemory()

    def pytest_sessionstart(self) -> None:
        self._memory.start()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self._tests[report.nodeid] = dict(report.user_properties)["measures"]

    def _too_long(self) -> list[tuple[str, float]]:
        return [
            (name, one["own"]) for name, one in self._tests.items() if one["limited"] and one["own"] > LIMIT
        ]

    def _by_folder(self) -> Counter[str]:
        """Seconds of a folder's tests and of the fixtures that they were the first to need."""
        found: Counter[str] = Counter()
        for name, one in self._tests.items():
            found[name.partition("::")[0].rpartition("/")[0]] += one["own"] + one["shared"]
        return found

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session) -> None:
        self._memory.end()
        if self._too_long() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter) -> None:
        own, shared, processes = (
            sum(one[name] for one in self._tests.values()) for name in ("own", "shared", "processes")
        )
        terminalreporter.section("processor time")
        terminalreporter.line(
            f"{own:.0f} s of tests and {shared:.0f} s of shared fixtures; {processes} processes started; "
            f"at least {self._memory.bytes / 2**30:.1f} GiB at the peak of all together."
        )
        for folder, seconds in sorted(self._by_folder().items(), key=lambda one: -one[1]):
            terminalreporter.line(f"{seconds:7.1f} s  {folder}")
        terminalreporter.line(f"The {SLOWEST} slowest tests:")
        slowest = sorted(self._tests, key=lambda name: -self._tests[name]["own"])[:SLOWEST]
        for name in slowest:
            terminalreporter.line(f"{self._tests[name]['own']:7.1f} s  {name}")
        for name, seconds in self._too_long():
            terminalreporter.line(
                f"A test must take at most {LIMIT:.0f} s of processor time, or be marked exhaustive. "
                f"Received: {seconds:.0f} s, {name}",
                red=True,
            )


def pytest_configure(config: pytest.Config) -> None:
    platform.processor()  # runs `uname` once; TensorFlow asks for it when it is imported
    config.pluginmanager.register(Clock(), "measures-clock")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Summary(), "measures-summary")
