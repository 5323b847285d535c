from pathlib import Path

import pytest

from tfrecords_tools.nus_wide.groups import read_groups
from tfrecords_tools.shell.errors import UserError


@pytest.fixture
def write(tmp_path: Path):
    def write(content: bytes) -> Path:
        path = tmp_path / "groups.tsv"
        path.write_bytes(content)
        return path

    return write


def test_groups_by_photo_id(write):
    content = "1000\tCats of the world\tNikon\tNikon\r\n1001\tmañana \n\n".encode()
    assert read_groups(write(content)) == {"1000": ("Cats of the world", "Nikon"), "1001": ("mañana",)}


def test_an_empty_file_has_none(write):
    assert read_groups(write(b"")) == {}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"actor/0000_1000\tcats", "photo id 'actor/0000_1000'"),
        (b"", "photo id ''"),
        (b"1001", "no group"),
        (b"1001\t", "an empty group name"),
        (b"1001\tcats\t\tdogs", "an empty group name"),
        (b"1001\tma\xf1ana", "no UTF-8"),
        (b"1000\tdogs", "photo 1000 a second time"),
        ("\N{ARABIC-INDIC DIGIT ONE}\tcats".encode(), "photo id"),
    ],
)
def test_a_broken_line_is_named(write, line: bytes, problem: str):
    with pytest.raises(UserError, match=r"groups\.tsv:2") as caught:
        read_groups(write(b"1000\tcats\n" + line + b"\n1002\tcats\n"))
    assert problem in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"gone\.tsv"):
        read_groups(tmp_path / "gone.tsv")
