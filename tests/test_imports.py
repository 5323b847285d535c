"""The rooms and which may import which: arrows point one way (docs in README, "Map of the code")."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Each room of mmannot_tf, and the rooms it may import. tfrecords_tools: only its reading side.
ROOMS = {
    "config": set(),
    "baselines": {"config", "data", "layers", "losses", "models"},
    "paper": {"config", "evaluation"},
    "evaluation": {"config"},
    "losses": set(),
    "layers": set(),
    "models": {"layers"},
    "weights": {"models"},
    "data": {"config", "weights"},
    "training": {"baselines", "config", "data", "evaluation", "losses", "models", "weights"},
    "serving": {"data", "evaluation", "models", "paper", "training"},
    "ablation": {"config", "paper", "training"},
    "report": {"config", "evaluation", "paper", "training"},
    "cli": {
        "ablation",
        "baselines",
        "config",
        "evaluation",
        "paper",
        "report",
        "serving",
        "training",
        "weights",
    },
}
READING_SIDE = {"console", "errors", "files", "offsets", "quiet", "records"}
PAGES = {"html", "svg", "thumbnail"}  # what any page needs; for mmannot_tf's own
NO_TENSORFLOW = {
    "config": "",
    "paper": "",
    "evaluation": "",
    "report": "",
    "training": "run plan stage stages",
    "serving": (
        "annotation model network photographs tags_file tally terms engines.kinds engines.choosing "
        "outputs.opening outputs.printed outputs.sidecars server.batching server.calls server.errors "
        "server.guard server.limits server.metrics server.pages server.signatures server.values"
    ),
    "weights": "provenance source importers weights_file",
}


def _files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


SOURCES = [*_files("mmannot_tf"), *_files("tfrecords_tools")]
DRAWERS = {"utils", "common", "helpers", "misc", "base"}
"""Names that say nothing of what a file holds."""


def _imports(file: Path) -> set[str]:
    """Every module a file imports, at its top or inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_every_folder_is_a_known_room():
    folders = {file.parent.name for file in (ROOT / "mmannot_tf").glob("*/__init__.py")}
    assert folders == set(ROOMS)


def _foreign(file: Path) -> list[str]:
    """The imports of a file of mmannot_tf that its room may not have."""
    room, found = file.relative_to(ROOT / "mmannot_tf").parts[0], []
    for name in _imports(file):
        package, _, rest = name.partition(".")
        if package == "mmannot_tf" and room in ROOMS:
            found += [name] if rest.split(".")[0] in ROOMS.keys() - ROOMS[room] - {room} else []
        if package == "tfrecords_tools" and rest and _name(file) != "mmannot_tf/cli/quickstart.py":
            allowed = READING_SIDE | PAGES if room == "report" else READING_SIDE
            found += [name] if rest.split(".")[0] not in allowed else []
    return found


def test_rooms_import_only_what_they_may():
    foreign = {_name(file): _foreign(file) for file in _files("mmannot_tf")}
    assert {file: names for file, names in foreign.items() if names} == {}


def test_records_know_nothing_of_learning():
    packages = {
        _name(file): {name.partition(".")[0] for name in _imports(file)} & {"mmannot_tf", "keras"}
        for file in _files("tfrecords_tools")
    }
    assert {file: names for file, names in packages.items() if names} == {}


def test_files_are_small():
    lines = {_name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in SOURCES}
    assert {file: count for file, count in lines.items() if count > 300} == {}


def test_files_are_named_by_a_noun():
    assert [_name(file) for file in SOURCES if file.stem in DRAWERS] == []


@pytest.mark.slow
def test_rooms_that_need_no_tensorflow_do_not_load_it():
    modules = []
    for room, names in NO_TENSORFLOW.items():
        stems = names.split() or [file.stem for file in (ROOT / "mmannot_tf" / room).glob("*.py")]
        modules += [f"mmannot_tf.{room}.{stem}" for stem in stems if stem != "__init__"]
    code = f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\n"
    code += "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
