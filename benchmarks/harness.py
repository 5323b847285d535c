"""Times two ways to the same result in turn: a ratio, its spread, and its goal.

Absolute times on a shared machine mean little; the ratio of two neighbouring timings means more. A pair is
one timing of each side, and every second pair is in reverse order, so that other work on the machine slows
both sides. The ratio is the median of the pairs' ratios; its spread are their quartiles.
"""

import json
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import typer

SmokeOption = Annotated[bool, typer.Option("--smoke", help="Tiny sizes: that it runs, not how fast.")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Where the answers go.")]
Better = Literal["at most", "at least"]
LINEAR: tuple[Better, float] = ("at most", 1.25)
"""The goal of linear growth: equal cost per piece, up to noise and logarithms."""


@dataclass(frozen=True)
class Answer:
    """The answer to a question.

    Attributes:
        question: in a few words.
        ours: what was measured, with its unit, and the value; for timings the median.
        reference: likewise.
        ratio: ours over the reference.
        quartiles: of the pairs' ratios; equal to the ratio for a single measurement.
        goal: "at most 1.30" as (better, bound); None where there is none.
        note: for the reader: why a goal is missed, what the sides are.
    """

    question: str
    ours: tuple[str, float]
    reference: tuple[str, float]
    ratio: float
    quartiles: tuple[float, float]
    goal: tuple[Better, float] | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        better, bound = self.goal
        return self.ratio <= bound if better == "at most" else self.ratio >= bound


def compare(
    question: str,
    ours: tuple[str, Callable[[], object]],
    reference: tuple[str, Callable[[], object]],
    *,
    pairs: int = 7,
    goal: tuple[Better, float] | None = None,
    faster: bool = False,
    warm_up: bool = True,
    note: str = "",
) -> Answer:
    """Times two sides in turn.

    Args:
        question: in a few words.
        ours: a name and the function to time.
        reference: likewise.
        pairs: the number of pairs.
        goal: for the ratio.
        faster: the ratio is that of speeds instead of times.
        warm_up: whether to call each side once before the timing.
        note: for the reader.
    """
    if warm_up:
        ours[1]()
        reference[1]()
    timed: dict[str, list[float]] = {"ours": [], "reference": []}
    sides = [("ours", ours[1]), ("reference", reference[1])]
    for number in range(pairs):
        for name, call in sides if number % 2 == 0 else reversed(sides):
            begun = time.perf_counter()
            call()
            timed[name].append(time.perf_counter() - begun)
    medians = [
        (f"{name}, s", statistics.median(timed[side]))
        for side, (name, _) in (("ours", ours), ("reference", reference))
    ]
    ratios = [a / b for a, b in zip(timed["ours"], timed["reference"], strict=True)]
    if faster:
        ratios = [1 / ratio for ratio in ratios]
    return Answer(question, *medians, statistics.median(ratios), quartiles(ratios), goal, note)


def single(
    question: str,
    ours: tuple[str, float],
    reference: tuple[str, float],
    *,
    ratio: float | None = None,
    goal: tuple[Better, float] | None = None,
    note: str = "",
) -> Answer:
    """An answer from one measurement of each side; `ratio` overrides their quotient."""
    quotient = ours[1] / reference[1] if ratio is None else ratio
    return Answer(question, ours, reference, quotient, (quotient, quotient), goal, note)


def apiece(answer: Answer, times: float) -> Answer:
    """The answer per piece, where the larger side has so many times as many pieces."""
    low, high = answer.quartiles
    return replace(answer, ratio=answer.ratio / times, quartiles=(low / times, high / times))


def quartiles(values: list[float]) -> tuple[float, float]:
    """The first and the third quartile; twice the value if there is one value."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def largest_resident_mib() -> float:
    """The largest resident set of this process so far, MiB. Linux only.

    Not from getrusage, whose value a process inherits from its parent.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def report(answers: list[Answer], json_file: Path | None) -> None:
    """Prints one line per answer; writes all answers."""
    for answer in answers:
        typer.echo(f"{answer.question}: {told(answer)}")
    if json_file:
        json_file.write_text(json.dumps([asdict(answer) for answer in answers], indent=2) + "\n")


def told(answer: Answer) -> str:
    """The ratio with its quartiles, and the goal."""
    low, high = answer.quartiles
    text = f"{shown(answer.ratio)} ({shown(low)} to {shown(high)})"
    if answer.goal is None:
        return text
    better, bound = answer.goal
    return f"{text}, goal {better} {bound:g}: {'met' if answer.met else 'missed'}"


def shown(value: float) -> str:
    """A number with three digits, or more for large ones."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
