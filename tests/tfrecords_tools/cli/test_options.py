from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.cli.options import gather, with_settings

NAMES = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


@dataclass(frozen=True)
class Kept:
    odd: Annotated[bool, typer.Option("--odd/--no-odd", help="Odd ones.")] = False
    share: Annotated[float, typer.Option(help="Of all.")] = 0.5


@dataclass(frozen=True)
class Plain:
    raw: Annotated[Path, typer.Option(help="Where it lies.")]
    count: Annotated[int, typer.Option(help="How many there are.")] = 3
    kept: Kept = field(default_factory=Kept)


@dataclass(frozen=True)
class Turned:
    kept: Kept = field(default_factory=lambda: Kept(odd=True, share=0.25))


@dataclass(frozen=True)
class Required:
    kept: Kept


def command(settings: type) -> tuple[typer.Typer, list]:
    seen: list = []

    def run(kind: str, values, *, out: Annotated[Path, typer.Option("--out", help="Where to.")]) -> None:
        seen.append((kind, values, out))

    app = typer.Typer()
    app.command("run")(with_settings(settings, run, first=("kind",), doc="What it does."))
    return app, seen


def call(settings: type, *argv: str):
    app, seen = command(settings)
    return CliRunner().invoke(app, argv, env=NAMES), seen


def test_the_commands_first_arguments_settings_and_own_options_arrive():
    done, seen = call(Plain, "--raw", "r", "--out", "o", "--count", "4", "--share", "0.75", "--odd")
    assert done.exit_code == 0
    assert seen == [("kind", Plain(Path("r"), 4, Kept(odd=True, share=0.75)), Path("o"))]


def test_what_is_not_given_has_the_dataclass_default():
    _, seen = call(Plain, "--raw", "r", "--out", "o")
    assert seen[0][1] == Plain(Path("r"))


@pytest.mark.parametrize(("argv", "missing"), [(["--out", "o"], "--raw"), (["--raw", "r"], "--out")])
def test_a_field_or_option_without_default_is_required(argv, missing):
    done, seen = call(Plain, *argv)
    assert (done.exit_code, seen) == (2, [])
    assert missing in done.output


def test_a_nested_default_of_its_own_is_the_options_default_and_can_be_turned_off():
    _, seen = call(Turned, "--out", "o")
    assert seen[0][1] == Turned() == Turned(Kept(odd=True, share=0.25))
    _, seen = call(Turned, "--out", "o", "--no-odd")
    assert seen[0][1] == Turned(Kept(odd=False, share=0.25))


def test_a_nested_settings_without_default_takes_its_fields_own():
    _, seen = call(Required, "--out", "o")
    assert seen[0][1] == Required(Kept())


def test_the_help_names_every_option_its_text_and_its_default():
    done, _ = call(Plain, "--help")
    assert done.exit_code == 0
    for text in ("What it does.", "--raw", "Where it lies.", "--count", "How many there are.", "--no-odd"):
        assert text in done.output
    assert "[default: 3]" in done.output
    assert "[default: 0.5]" in done.output
    assert "[default: 0.25]" in call(Turned, "--help")[0].output


def test_gather_makes_nested_settings_from_flat_values():
    values = {"raw": Path("r"), "count": 1, "odd": True, "share": 0.1}
    assert gather(Plain, values) == Plain(Path("r"), 1, Kept(odd=True, share=0.1))


@dataclass(frozen=True)
class Photographs:
    rules: Rules = field(default_factory=lambda: Rules(keep_untagged=True))


@pytest.mark.parametrize(
    ("argv", "rules"),
    [
        ((), Rules(keep_untagged=True)),
        (("--drop-untagged", "--keep-unlabelled"), Rules(keep_unlabelled=True)),
        (("--keep-untagged", "--drop-unlabelled"), Rules(keep_untagged=True)),
    ],
)
def test_both_rules_of_keeping_can_be_turned_on_and_off(argv, rules):
    assert call(Photographs, "--out", "o", *argv)[1][0][1].rules == rules
