"""The rooms and which may import which: arrows point one way (CONTRIBUTING.md, "Map of the code")."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Each folder of a package, and the folders of its own package that it may import.
ROOMS = {
    "mmannot_tf": {
        "config": {"models"},
        "losses": set(),
        "layers": set(),
        "models": {"layers"},
        "weights": {"models"},
        "data": {"config", "losses", "weights"},
        "baselines": {"config", "data", "layers", "losses", "models"},
        "decisions": {"layers"},
        "evaluation": {"config", "decisions"},
        "paper": {"config", "evaluation"},
        "proposal": {"config", "runs"},
        "runs": {"config", "weights"},
        "training": {
            "baselines",
            "config",
            "data",
            "decisions",
            "evaluation",
            "layers",
            "losses",
            "models",
            "proposal",
            "runs",
            "weights",
        },
        "metrics": set(),
        "api": {"decisions", "evaluation", "layers", "models", "runs", "serving", "training", "weights"},
        "ablation": {"config", "evaluation", "paper", "runs", "training"},
        "report": {"ablation", "config", "evaluation", "paper", "runs"},
        "workflows": {
            "config",
            "decisions",
            "evaluation",
            "paper",
            "proposal",
            "report",
            "runs",
            "serving",
            "training",
        },
        "serving": {
            "config",
            "data",
            "decisions",
            "evaluation",
            "models",
            "paper",
            "report",
            "runs",
            "training",
        },
        "beam": {"decisions", "serving"},
        "cli": {
            "ablation",
            "baselines",
            "beam",
            "config",
            "decisions",
            "evaluation",
            "paper",
            "report",
            "runs",
            "serving",
            "training",
            "weights",
            "workflows",
        },
    },
    "tfrecords_tools": {
        "shell": set(),
        "photographs": {"shell"},
        "tag_rule": set(),
        "reading": {"photographs", "shell", "tag_rule"},
        "building": {"photographs", "reading", "shell", "tag_rule"},
        "pages": {"photographs", "reading", "shell"},
        "manifest": {"building", "photographs", "reading", "shell", "tag_rule"},
        "features": {"building", "manifest", "reading", "shell"},
        "mscoco": {"building", "reading", "shell", "tag_rule"},
        "nus_wide": {"building", "reading", "shell"},
        "mirflickr": {"building", "reading", "shell"},
        "synthetic": {"building", "reading", "shell"},
        "cli": {
            "building",
            "features",
            "manifest",
            "mirflickr",
            "mscoco",
            "nus_wide",
            "pages",
            "reading",
            "shell",
            "synthetic",
        },
    },
}
RECORDS_ROOMS = {"photographs", "reading", "shell", "tag_rule"}
"""What mmannot_tf may import of tfrecords_tools."""
ALSO = {"report": {"pages"}, "cli/quickstart.py": {"building", "synthetic"}}
"""Folder or file of mmannot_tf to what else it may import of tfrecords_tools."""
NO_TENSORFLOW = (
    "config",
    "decisions",
    "evaluation",
    "paper",
    "report",
    "runs",
    "serving",
    "serving/engines",
    "serving/inputs",
    "serving/outputs",
    "workflows",
)


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


@pytest.mark.parametrize("package", ROOMS)
def test_every_folder_is_a_known_room(package):
    folders = {file.parent.name for file in (ROOT / package).glob("*/__init__.py")}
    assert folders == set(ROOMS[package])


def _foreign(file: Path) -> list[str]:
    """The imports of a file that its room may not have."""
    package, room, *_ = file.relative_to(ROOT).parts
    allowed = {package: ROOMS[package].get(room, set()) | {room}}
    if package == "mmannot_tf" and room in ROOMS[package]:
        below = str(file.relative_to(ROOT / package))
        allowed["tfrecords_tools"] = RECORDS_ROOMS | ALSO.get(room, set()) | ALSO.get(below, set())
    found = []
    for name in _imports(file):
        other, _, rest = name.partition(".")
        if other in allowed and rest.split(".")[0] in ROOMS[other].keys() - allowed[other]:
            found.append(name)
    return found


def test_rooms_import_only_what_they_may():
    foreign = {_name(file): _foreign(file) for file in SOURCES if len(file.relative_to(ROOT).parts) > 2}
    assert {file: names for file, names in foreign.items() if names} == {}


def _reachable(start: str, arrows: dict[str, set[str]]) -> set[str]:
    found, left = set(), set(arrows[start])
    while left:
        name = left.pop()
        found.add(name)
        left |= arrows.get(name, set()) - found
    return found


def test_no_file_imports_itself_through_others():
    """Type-only imports count; what a function imports when it is called does too."""
    modules = {_name(file).removesuffix(".py").replace("/", "."): file for file in SOURCES}
    arrows = {name: (_imports(file) & modules.keys()) - {name} for name, file in modules.items()}
    assert [name for name in modules if name in _reachable(name, arrows)] == []


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


OPENED_WITHOUT_TENSORFLOW = [
    "mmannot_tf.serving.annotating.annotator",
    "mmannot_tf.serving.server.lifecycle",
    *(f"mmannot_tf.serving.engines.{engine}" for engine in ("openvino", "onnx", "litert")),
]
"""What `annotate` and `serve` import with an engine other than TensorFlow."""


@pytest.mark.slow
def test_rooms_that_need_no_tensorflow_do_not_load_it():
    folders = [ROOT / "mmannot_tf" / room for room in NO_TENSORFLOW]
    modules = [_name(file)[:-3].replace("/", ".") for room in folders for file in room.glob("[!_]*.py")]
    modules += OPENED_WITHOUT_TENSORFLOW
    code = f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\n"
    code += "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


FIRST_IMPORT = """
import importlib, sys
importlib.import_module(sys.argv[1])
import keras
assert keras.saving.get_registered_object("mmannot_tf>ImageNormalization") is not None
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "file",
    [file for file in SOURCES if "keras" in _imports(file)],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_a_module_that_imports_keras_can_be_the_first_import(file):
    """Keras then registers this package's classes in the middle of the import."""
    module = _name(file)[:-3].replace("/", ".").removesuffix(".__init__")
    command = [sys.executable, "-c", FIRST_IMPORT, module]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
