"""Two ways to the same end, timed in turn: a ratio, its spread, and the goal it is held to.

Absolute times on a machine that others share mean little; the ratio of two neighbouring timings means more.
A pair is one timing of each side, one after the other, and every second pair in reverse order, so that what
slows the machine down falls on both. The ratio is the median of the pairs' ratios, its spread their
quartiles.
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
"""The goal of what grows: apiece, the larger costs no more than the smaller, but for noise and logarithms."""


@dataclass(frozen=True)
class Answer:
    """What a question came to.

    Attributes:
        question: in a few words.
        ours: what was measured, its unit in the name, and the value; of timings the median.
        reference: likewise.
        ratio: ours over the reference.
        quartiles: of the pairs' ratios; equal to the ratio where there is one measurement.
        goal: "at most 1.30" as (better, bound); None where there is none.
        note: what a reader must know: why a goal is missed, what the sides are.
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
        ours: a name and what to time.
        reference: likewise.
        pairs: how many.
        goal: for the ratio.
        faster: the ratio is of speeds instead of times: how many times as fast ours is.
        warm_up: each side is called once before, which does not count.
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
    """An answer from one measurement of each side; the ratio is theirs unless it is given."""
    quotient = ours[1] / reference[1] if ratio is None else ratio
    return Answer(question, ours, reference, quotient, (quotient, quotient), goal, note)


def apiece(answer: Answer, times: float) -> Answer:
    """The answer of a larger side that holds so many times as much, for each piece."""
    low, high = answer.quartiles
    return replace(answer, ratio=answer.ratio / times, quartiles=(low / times, high / times))


def quartiles(values: list[float]) -> tuple[float, float]:
    """The first and the third; of one value, itself."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def largest_resident_mib() -> float:
    """The largest resident set of this process so far, MiB. Linux only.

    Not getrusage's, which a process takes over from the one that starts it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def report(answers: list[Answer], json_file: Path | None) -> None:
    """Prints each answer in a line; writes all of them."""
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
    """Three digits, or all of a large number's."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
