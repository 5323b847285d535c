"""Writes a random raw NUS-WIDE tree in its official layout, with real labels if given, up to full size.

python benchmarks/nus_wide_tree.py --out RAW [--images 269648] [--labels ../shared/data/nus_wide]
"""

import argparse
import gzip
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

FULL = {"train": 161_789, "test": 107_859}
BLOCK = 4096
JPEGS = 1000
"""The number of different encoded pictures; a comment in each file makes all files different."""

TAG_NAMES = tuple(f"tag{number:04}" for number in range(1000))
_VALUES = re.compile(rb"-?\d+")


@dataclass(frozen=True)
class Half:
    """The content of one official list and its label and tag files.

    Attributes:
        files: images below Flickr/, with forward slashes.
        labels: `[n, concepts]`; values other than 0 and 1 are written as they are.
        tags: `[n, k]` indices of each image's tags in the tag list, padded with -1.
    """

    files: Sequence[str]
    labels: np.ndarray
    tags: np.ndarray


def write_tree(
    raw: Path, train: Half, test: Half, *, concepts: Sequence[str], tag_names: Sequence[str], images: bool
) -> None:
    """Writes the tree.

    Args:
        raw: the folder; created if it does not exist.
        train: the training list.
        test: the test list.
        concepts: the labels' names.
        tag_names: the tags' names.
        images: whether to write the image files too, each a small JPEG with different bytes.
    """
    for folder in ("ConceptsList", "ImageList", "Groundtruth/TrainTestLabels", "NUS_WID_Tags", "Flickr"):
        (raw / folder).mkdir(parents=True, exist_ok=True)
    (raw / "ConceptsList" / "Concepts81.txt").write_text("".join(f"{name}\n" for name in concepts))
    (raw / "NUS_WID_Tags" / "TagList1k.txt").write_text("".join(f"{name}\n" for name in tag_names))
    for name, half in (("Train", train), ("Test", test)):
        listed = "".join(f"{file}\n" for file in half.files).replace("/", "\\")
        (raw / "ImageList" / f"{name}Imagelist.txt").write_text(listed)
        for concept, column in zip(concepts, half.labels.T, strict=True):
            path = raw / "Groundtruth" / "TrainTestLabels" / f"Labels_{concept}_{name}.txt"
            path.write_bytes(_column(column))
        _write_matrix(raw / "NUS_WID_Tags" / f"{name}_Tags1k.dat", half.tags, width=len(tag_names))
        if images:
            _write_images(raw / "Flickr", half.files)


def _column(values: np.ndarray) -> bytes:
    if not np.isin(values, (0, 1)).all():
        return "".join(f"{value}\n" for value in values).encode()
    text = np.full((len(values), 2), ord("\n"), np.uint8)
    text[:, 0] = values + ord("0")
    return text.tobytes()


def _write_matrix(path: Path, tags: np.ndarray, *, width: int) -> None:
    with path.open("wb") as file:
        for start in range(0, len(tags), BLOCK):
            block = tags[start : start + BLOCK]
            text = np.full((len(block), 2 * width + 1), ord("\t"), np.uint8)
            text[:, : 2 * width : 2] = ord("0")
            text[:, -1] = ord("\n")
            row, place = np.nonzero(block >= 0)
            text[row, 2 * block[row, place]] = ord("1")
            file.write(text.tobytes())


def _write_images(folder: Path, files: Sequence[str]) -> None:
    pictures = [_jpeg(seed) for seed in range(min(JPEGS, len(files)))]
    for name in {file.rpartition("/")[0] for file in files}:
        (folder / name).mkdir(exist_ok=True)
    for number, file in enumerate(files):
        (folder / file).write_bytes(commented(pictures[number % len(pictures)], file))


def commented(jpeg: bytes, comment: str) -> bytes:
    """The JPEG with a comment segment after its start marker."""
    text = comment.encode()
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + jpeg[2:]


def _jpeg(seed: int) -> bytes:
    """A JPEG of 32 x 32 pixels, about a kilobyte."""
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).resize((32, 32), Image.Resampling.BICUBIC).save(file, format="JPEG", quality=75)
    return file.getvalue()


def read_real(folder: Path) -> tuple[dict[str, Half], tuple[str, ...]]:
    """The real labels and test list of ../shared/data/nus_wide, with random tags and training paths.

    Two pairs of columns are swapped there; this swaps them back.

    Returns:
        the halves "train" and "test", and the concepts.
    """
    concepts = tuple((folder / "Concepts81.txt").read_text().split())
    order = list(range(len(concepts)))
    for concept, other in (("water", "waterfall"), ("sun", "sunset")):
        first, second = concepts.index(concept), concepts.index(other)
        order[first], order[second] = second, first
    halves = {}
    for name in FULL:
        ids, labels = _csv(folder / f"labels_{name}.csv.gz")
        files = _made_up_files(name, len(ids), ids)
        if name == "test":
            with gzip.open(folder / "TestImagelist.txt.gz", "rt") as lines:
                files = [line.strip().replace("\\", "/") for line in lines]
        halves[name] = Half(files, labels[:, order], made_up_tags(len(ids), seed=len(ids)))
    return halves, concepts


def _csv(path: Path) -> tuple[list[str], np.ndarray]:
    """The first column and the values; in a folder whose name has an underscore, it is no photo id."""
    with gzip.open(path, "rb") as file:
        next(file)
        rows = [line.strip().partition(b",") for line in file]
    values = np.array([_row(row) for _, _, row in rows])
    return [name.decode() for name, _, _ in rows], values


def _row(text: bytes) -> np.ndarray:
    if b"-" in text:
        return np.array(_VALUES.findall(text)).astype(np.int64)
    return np.frombuffer(text, np.uint8)[::2].astype(np.int64) - ord("0")


def _made_up_files(half: str, count: int, photos: Sequence[str] = ()) -> list[str]:
    """Paths in 704 folders over both halves; photo ids as given if they are numbers, else random."""
    known = [photo if photo.isdecimal() else "" for photo in photos] or [""] * count
    start = 9_000_000_000 + (0 if half == "train" else FULL["train"])
    return [
        f"{half}_folder_{number % 352:03}/{number // 352:04}_{photo or start + number}.jpg"
        for number, photo in enumerate(known)
    ]


def made_up_tags(count: int, *, seed: int, width: int = len(TAG_NAMES), most: int = 12) -> np.ndarray:
    """`[count, most] int64` indices of tags, padded with -1; later tags are rarer, 1 image in 11 has none."""
    rng = np.random.default_rng(seed)
    tags = np.minimum(rng.geometric(0.01, (count, most)) - 1, width - 1)
    there = np.arange(most) < rng.integers(1, most + 1, (count, 1))
    return np.where(there & (rng.random((count, 1)) > 1 / 11), tags, -1)


def made_up(count: dict[str, int]) -> tuple[dict[str, Half], tuple[str, ...]]:
    """Halves of so many images with random labels; about a fifth of the images has none."""
    concepts = ("water", "waterfall", "lake", *(f"concept{number:02}" for number in range(78)))
    share = 0.2 / np.arange(1, len(concepts) + 1)
    halves = {}
    for name, images in count.items():
        labels = (np.random.default_rng(images).random((images, len(concepts))) < share).astype(np.int64)
        halves[name] = Half(_made_up_files(name, images), labels, made_up_tags(images, seed=images))
    return halves, concepts


def counts(images: int) -> dict[str, int]:
    """The numbers of training and test images, in the proportion of the official lists."""
    train = round(images * FULL["train"] / sum(FULL.values()))
    return {"train": train, "test": images - train}


def first_of(half: Half, count: int) -> Half:
    """The first `count` images of a half."""
    return Half(half.files[:count], half.labels[:count], half.tags[:count])


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Writes a raw NUS-WIDE tree in its official layout.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--images", type=int, default=sum(FULL.values()), help="how many, over both lists")
    parser.add_argument("--labels", type=Path, help="folder of the real label tables; else random labels")
    parser.add_argument("--no-images", action="store_true", help="write no image files")
    asked = parser.parse_args(argv)
    count = counts(asked.images)
    halves, concepts = read_real(asked.labels) if asked.labels else made_up(count)
    train, test = (first_of(halves[name], count[name]) for name in ("train", "test"))
    write_tree(asked.out, train, test, concepts=concepts, tag_names=TAG_NAMES, images=not asked.no_images)


if __name__ == "__main__":
    main()
