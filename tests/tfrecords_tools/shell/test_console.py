import contextlib
import json
import signal

import pytest
import typer

from tfrecords_tools.shell import console
from tfrecords_tools.shell.errors import StoppedBySignal, UserError

app = typer.Typer(add_completion=False)


@app.command()
def fail(how: str) -> None:
    if how == "user":
        raise UserError("numbers must be\n even. Received: 3.")
    if how == "os":
        open("/nowhere/at/all")  # noqa: SIM115, PTH123
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "import":
        raise ImportError("initialization failed") from KeyboardInterrupt()
    if how == "stop":
        raise StoppedBySignal("all is saved", signal_number=signal.SIGTERM)
    if how == "exit":
        raise typer.Exit(7)
    if how == "bug":
        raise ZeroDivisionError


@app.command()
def fine() -> None:
    console.print_json({"name": "été"})


@pytest.mark.parametrize(
    ("argv", "status", "stderr"),
    [
        (["fail", "user"], 1, "error: numbers must be even. Received: 3.\n"),
        (["fail", "os"], 1, "error: /nowhere/at/all: No such file or directory\n"),
        (["fail", "exit"], 7, ""),
        (["fail", "stop"], 143, "all is saved\n"),
        (["fail", "none"], 0, ""),
    ],
)
def test_a_failure_is_one_line_and_a_status(argv, status, stderr, capsys):
    assert console.run(app, argv) == status
    assert capsys.readouterr() == ("", stderr)


@pytest.mark.parametrize("how", ["interrupt", "import"])
def test_an_interrupt_is_130(how, capsys):
    assert console.run(app, ["fail", how]) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["fail"], ["fial"], ["fail", "--no-such-option"], ["fail", "a", "b"]])
def test_wrong_usage_is_2_with_usage_on_stderr(argv, capsys):
    assert console.run(app, argv) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "Usage" in output.err


def test_help_is_0(capsys):
    assert console.run(app, ["--help"]) == 0
    assert "fail" in capsys.readouterr().out


def test_a_bug_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        console.run(app, ["fail", "bug"])


def test_json_is_one_document_and_refuses_what_json_cannot_say(capsys):
    assert console.run(app, ["fine"]) == 0
    assert json.loads(capsys.readouterr().out) == {"name": "été"}
    with pytest.raises(ValueError, match="JSON compliant"):
        console.print_json(float("nan"))


def test_a_closed_stdout_is_an_error(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout", None)
    assert console.run(app, ["fine"]) == 1
    assert "stdout must be open" in capsys.readouterr().err


@pytest.mark.parametrize("write", [console.print_line, console.print_json])
def test_an_error_of_stdout_names_it(monkeypatch, write):
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        monkeypatch.setattr("sys.stdout", full)
        with pytest.raises(OSError, match="No space left") as caught:
            write("text")
        assert caught.value.filename == "stdout"
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()


def test_lines_show_control_characters_as_escapes(capsys):
    console.notice("a\x1b[2Jb")
    console.print_line("c\x07d")
    assert capsys.readouterr() == ("c\\x07d\n", "a\\x1b[2Jb\n")
