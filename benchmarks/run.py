"""Runs all benchmarks and writes their answers as the table of docs/performance.md.

    python benchmarks/run.py [--smoke] [--all] [--page docs/performance.md] [--out answers.json] [NAME...]

Each program runs in a separate process, with --json and --smoke. Exits with status 1 if one fails; a missed
goal is no failure: the page reports it.
"""

import datetime
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from harness import Answer, SmokeOption, shown, told
from pages import hardware, write_into

QUESTIONS = (
    "annotator",
    "training_step",
    "training",
    "pipeline",
    "evaluation",
    "label_decoder",
    "deciding",
    "records_build",
    "arrays",
    "tags",
    "labels",
    "options",
    "resizing",
)
LONGER = ("annotate", "start_up", "beside_pytorch")
"""Programs that only --all runs, or their names: they export models first, or need PyTorch."""


def main(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help=f"Of {', '.join((*QUESTIONS, *LONGER))}."),
    ] = None,
    smoke: SmokeOption = False,
    longer: Annotated[bool, typer.Option("--all", help=f"Also {', '.join(LONGER)}.")] = False,
    page: Annotated[Path | None, typer.Option(help="Where the table is written, too.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where all answers go, as JSON.")] = None,
) -> None:
    """Runs the programs and prints the table."""
    begun, answers, failed = time.monotonic(), {}, []
    unknown = {*(names or ())} - {*QUESTIONS, *LONGER}
    if unknown:
        raise typer.BadParameter(f"no such program: {', '.join(sorted(unknown))}")
    for name in names or (*QUESTIONS, *(LONGER if longer else ())):
        typer.echo(f"{name}, from {time.monotonic() - begun:.0f} s on:", err=True)
        given = _answers(name, ["--smoke"] if smoke else [])
        if given is None:
            failed.append(name)
        else:
            answers[name] = given
    command = "make bench-all" if longer else "make bench"
    text = rendered(answers, command, seconds=time.monotonic() - begun)
    typer.echo(text)
    if out:
        out.write_text(json.dumps(answers, indent=2, default=vars) + "\n", encoding="utf-8")
    if failed:
        raise SystemExit(f"These failed: {', '.join(failed)}.")
    if page:
        write_into(page, text)


def _answers(name: str, options: Sequence[str]) -> list[Answer] | None:
    program = Path(__file__).with_name(f"{name}.py")
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "answers.json"
        if subprocess.run([sys.executable, program, "--json", file, *options], check=False).returncode:
            return None
        return [Answer(**fields) for fields in json.loads(file.read_text(encoding="utf-8"))]


def rendered(answers: Mapping[str, Sequence[Answer]], command: str, *, seconds: float) -> str:
    """The table in Markdown, below its command and hardware."""
    lines = [
        f"`{command}`, {datetime.date.today().isoformat()}, {seconds / 60:.0f} minutes, on {hardware()}. "
        "In brackets the quartiles of the pairs.",
        "",
        "| question | ratio, goal | ours | reference |",
        "|---|---|---|---|",
    ]
    for name, given in answers.items():
        for answer in given:
            cells = (
                f"{answer.question} (`{name}.py`)",
                told(answer),
                _side(answer.ours),
                _side(answer.reference),
            )
            lines.append(f"| {' | '.join(cells)} |")
            if answer.note:
                lines.append(f"| | {answer.note} | | |")
    return "\n".join(lines)


def _side(side: tuple[str, float]) -> str:
    name, value = side
    return f"{name}: {shown(value)}"


if __name__ == "__main__":
    typer.run(main)
