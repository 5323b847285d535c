"""Small raw trees in MIRFLICKR-25k's official layout."""

import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tfrecords_tools.mirflickr.labels import labels_of

LABELS = {"sky": range(1, 21, 2), "people": range(1, 21, 3), "people_r1": (1, 7), "night": (4, 5, 24_000)}
"""Label → numbers of its images; those of 1 to 20 without any: 2, 6, 8, 12, 14, 18, 20."""
TAGS = {1: ["Sky", "new york", "nikon"], 2: ["2008"], 3: [], 4: ["mañana"]}
"""Number → tags; the others have one tag each."""


@pytest.fixture
def write_official() -> Callable[..., Path]:
    """Writes a tree: the files of all labels, and images and tags of the numbers 1 to `images`."""

    def write(
        raw: Path,
        *,
        images: int = 20,
        labels: Mapping[str, object] = LABELS,
        annotations: str = "annotations",
        image: bytes = b"",
    ) -> Path:
        folder = raw / annotations
        folder.mkdir(parents=True, exist_ok=True)
        for label in labels_of("all"):
            lines = [f"{number}\n" for number in labels.get(label, ())]
            (folder / f"{label}.txt").write_text("".join(lines), encoding="ascii")
        tags = raw / "mirflickr" / "meta" / "tags"
        tags.mkdir(parents=True)
        for number in range(1, images + 1):
            (raw / "mirflickr" / f"im{number}.jpg").write_bytes(image)
            text = "".join(f"{tag}\r\n" for tag in TAGS.get(number, [f"tag{number}"]))
            (tags / f"tags{number}.txt").write_bytes(text.encode())
        return raw

    return write


@pytest.fixture
def raw(tmp_path: Path, write_official) -> Path:
    """The small tree without pictures in its image files."""
    return write_official(tmp_path / "raw")


@pytest.fixture(scope="session")
def real(shared: Path, tmp_path_factory) -> Path:
    """The real labels and tags of images 1 to 15,000, with empty image files."""
    raw = tmp_path_factory.mktemp("mirflickr")
    archives = shared / "data" / "mirflickr"
    with tarfile.open(archives / "mirflickr25k_annotations_v080.tar.gz") as file:
        file.extractall(raw / "annotations", filter="data")
    with tarfile.open(archives / "mirflickr-tags.tar.gz") as file:
        file.extractall(raw, filter="data")
    for number in range(1, 15_001):
        (raw / "mirflickr" / f"im{number}.jpg").touch()
    return raw
