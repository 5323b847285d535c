"""Memory of a split without its images, as the numbers of images, tags and labels grow.

    python benchmarks/arrays.py [--smoke] [--json FILE]

Images have 8 tags each, drawn from a Zipf law, and 5 labels, so that 2,000 images have all labels.
Memory is that of the NumPy arrays.
"""

import io
import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness import LINEAR, Answer, JsonOption, SmokeOption, apiece, compare, report, single
from nus_wide_tree import commented
from PIL import Image
from tags import drawn
from typer import run

from mmannot_tf.data.arrays import SplitArrays, load_arrays
from tfrecords_tools.building.building import build_records
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source

LABELS_AN_IMAGE = 5
Size = tuple[int, int, int]
"""Images, tags, labels."""
IN_IMAGES: tuple[Size, ...] = ((1_000, 1_000, 81), (10_000, 1_000, 81))
IN_TAGS_AND_LABELS: tuple[Size, ...] = (
    (2_000, 1_000, 81),
    (2_000, 100_000, 81),
    (2_000, 100_000, 1_000),
    (2_000, 100_000, 10_000),
)
"""Each one is larger than the one before it in one number."""


def main(smoke: SmokeOption = False, json_file: JsonOption = None) -> None:
    """Prints the ratios."""
    shrink, pairs = (20, 1) if smoke else (1, 2)
    with tempfile.TemporaryDirectory() as scratch:
        answers = []
        for grown in (IN_IMAGES, IN_TAGS_AND_LABELS):
            sizes = [(images // shrink, tags // shrink, labels // shrink) for images, tags, labels in grown]
            splits = [_split(Path(scratch, str(size)), size) for size in sizes]
            for small, large in itertools.pairwise(zip(sizes, splits, strict=True)):
                answers += _growth(small, large, pairs=pairs)
    report(answers, json_file)


def _split(folder: Path, size: Size) -> Callable[[], SplitArrays]:
    """Reads the training split of records of tiny pictures."""
    images, tags, labels = size
    folder.mkdir()
    pixels = io.BytesIO()
    Image.new("RGB", (8, 8)).save(pixels, "JPEG")
    rows = ["path,labels,tags,split"]
    for number, row in enumerate(drawn(tags, images)):
        name, split = f"{number}.jpg", {0: "validation", 1: "test"}.get(number, "train")
        (folder / name).write_bytes(commented(pixels.getvalue(), name))
        first = LABELS_AN_IMAGE * number
        given = {f"label{label % labels}" for label in range(first, first + LABELS_AN_IMAGE)}
        rows.append(f"{name},{';'.join(given)},{';'.join(f'tag{tag}' for tag in row)},{split}")
    (folder / "rows.csv").write_text("\n".join(rows), encoding="utf-8")
    source = manifest_source(ManifestSettings(folder / "rows.csv", folder))
    records = build_records(source, out=folder / "records", workers=0)
    return lambda: load_arrays(records, "train", [f"tag{tag}" for tag in range(tags)])


def _growth(
    small: tuple[Size, Callable[[], SplitArrays]],
    large: tuple[Size, Callable[[], SplitArrays]],
    *,
    pairs: int,
) -> list[Answer]:
    """The larger split's memory over the smaller one's, per image, per label or for more tags."""
    what = ("images", "tags", "labels")
    name, many, few = next(row for row in zip(what, large[0], small[0], strict=True) if row[1] != row[2])
    of = f"{large[0][0]:,} images' labels and tags" if name != "images" else "labels and tags"
    sides = [f"{many:,} {name}", f"{few:,}"]
    question, times = f"{of}, {sides[0]} over {sides[1]}", 1 if name == "tags" else many / few
    timed = compare(
        f"reading {question}", (sides[0], large[1]), (sides[1], small[1]), pairs=pairs, goal=LINEAR
    )
    held = [
        (f"{side}, MB", _megabytes(load())) for side, load in zip(sides, (large[1], small[1]), strict=True)
    ]
    return [apiece(timed, times), apiece(single(f"memory of {question}", *held, goal=LINEAR), times)]


def _megabytes(arrays: SplitArrays) -> float:
    return (arrays.labels.nbytes + arrays.tag_lists.nbytes) / 1e6


if __name__ == "__main__":
    run(main)
