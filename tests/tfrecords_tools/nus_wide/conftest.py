"""Small raw trees in NUS-WIDE's official layout, written line by line from what they are to say."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from official_nus_wide import CONCEPTS, TAGS, Entry, listed, write_raw


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """The small tree without image files."""
    return write_raw(tmp_path / "raw", *listed())


@pytest.fixture
def raw_with_images(raw: Path, make_jpeg: Callable[..., bytes]) -> Path:
    """The small tree with its image files, each seeded by its place in the lists."""
    for seed, (file, _, _) in enumerate([image for half in listed() for image in half]):
        (raw / "Flickr" / file).parent.mkdir(exist_ok=True)
        (raw / "Flickr" / file).write_bytes(make_jpeg(seed))
    return raw


@pytest.fixture(scope="session")
def halves() -> tuple[list[Entry], list[Entry]]:
    """What the small tree says of its training and test images."""
    return listed()


@pytest.fixture(scope="session")
def concepts() -> tuple[str, ...]:
    """The small tree's labels."""
    return CONCEPTS


@pytest.fixture(scope="session")
def tag_list() -> tuple[str, ...]:
    """The small tree's tags."""
    return TAGS


@pytest.fixture(scope="session")
def write_official() -> Callable[..., Path]:
    """Writes a tree: `write_official(raw, train, test, end="\\r\\n", last="\\n\\n")`."""
    return write_raw


@pytest.fixture
def edited() -> Callable[[Path, int, str], None]:
    """Replaces a line of a file, counted from 1: `edited(path, 3, "5")`."""

    def edit(path: Path, row: int, line: str) -> None:
        lines = path.read_text(encoding="utf-8").split("\n")
        lines[row - 1] = line
        path.write_text("\n".join(lines), encoding="utf-8")

    return edit


@pytest.fixture(scope="session")
def tree() -> ModuleType:
    """benchmarks/nus_wide_tree.py."""
    path = Path(__file__).resolve().parents[3] / "benchmarks" / "nus_wide_tree.py"
    spec = importlib.util.spec_from_file_location("nus_wide_tree", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["nus_wide_tree"] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module
