"""Every command that the README and the other pages show is one the programs take; linked files are there."""

import re
import shlex
from pathlib import Path

import pytest
import typer

import mmannot_tf
from mmannot_tf.cli.main import app as mmannot
from mmannot_tf.config.loading import shipped
from tfrecords_tools.cli.main import app as records

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs" / "data.md",
    ROOT / "docs" / "distributed.md",
    ROOT / "docs" / "input.md",
    ROOT / "docs" / "how-many.md",
    ROOT / "docs" / "keras.md",
    ROOT / "docs" / "quickstart.md",
    ROOT / "docs" / "report.md",
    ROOT / "docs" / "scale.md",
    ROOT / "docs" / "serving.md",
    ROOT / "docs" / "training.md",
    *sorted((ROOT / "tfrecords_tools").glob("*/README.md")),
]
PROGRAMS = {"mmannot": mmannot, "mmannot-records": records}


def _commands() -> list[str]:
    """The command lines of all pages, fenced or indented, without optional parts and comments."""
    lines: list[str] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
            lines += block.splitlines()
        lines += re.findall(r"^ {4}(mmannot.*)$", text, re.MULTILINE)
    plain = [re.sub(r" \[.*?\]", "", line.split("  #")[0]).strip() for line in lines]
    return [line for line in plain if line.partition(" ")[0] in PROGRAMS and "SOURCE" not in line]


def test_every_command_is_shown():
    text = README + "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))
    commands = [
        f"{program} {name}"
        for program, app in PROGRAMS.items()
        for name in typer.main.get_command(app).commands
    ]
    assert [command for command in commands if not re.search(rf"\b{command}\b", text)] == []


@pytest.mark.parametrize("line", _commands())
def test_commands_of_the_readme_parse(line):
    program, *words = shlex.split(line)
    command = typer.main.get_command(PROGRAMS[program])
    context = command.make_context(program, [], resilient_parsing=True)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words, parent=context)


def test_configurations_the_readme_trains_are_shipped():
    trained = {shlex.split(line)[2] for line in _commands() if line.startswith("mmannot train ")} - {"CONFIG"}
    assert trained
    assert trained <= set(shipped())


def test_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^make (\S+)", README, re.MULTILINE)
    assert {"quickstart", "test"} <= set(targets)
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


@pytest.mark.parametrize("package", ["mmannot_tf", "tfrecords_tools"])
def test_the_map_of_the_code_names_every_room(package):
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rooms = {file.parent.name for file in (ROOT / package).glob("*/__init__.py")}
    assert [room for room in rooms if f"{room}/" not in contributing] == []


def _examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_python_examples_use_public_names():
    names: set[str] = set()
    for page in ("README.md", "docs/keras.md"):
        for example in _examples(page):
            compile(example, page, "exec")
            names |= set(re.findall(r"mmannot_tf\.(\w+)", example))
    assert {"build_annotator", "load", "score"} <= names <= set(mmannot_tf.__all__)


@pytest.mark.exhaustive
def test_the_example_of_the_network_runs_as_printed(capsys):
    exec(compile(_examples("docs/keras.md")[0], "docs/keras.md", "exec"), {})
    assert re.search(r"^AnnotationScores\(class_precision=\d", capsys.readouterr().out, re.MULTILINE)


def test_no_page_installs_the_package_from_an_index():
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "docs" / "tutorial.ipynb", *PAGES]
    commands = [
        command for page in pages for command in re.findall(r"pip install[^\n`]*", page.read_text("utf-8"))
    ]
    assert any("'.[engines]'" in command for command in commands)
    assert [command for command in commands if "mmannot" in command] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_links_are_there(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
