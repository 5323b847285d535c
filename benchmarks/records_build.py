"""A build of records compared with copying the same bytes by TFDS' writer, and its growth with the images.

    python benchmarks/records_build.py [--smoke] [--json FILE]

NUS-WIDE's layout with random annotations, once with pictures of a kilobyte, which show the cost per record,
and once with pictures of a photograph's size. `records_scale.py` runs the same two sides at full size.
Besides copying, a build decodes every image (from 1,000 images on in other processes), computes SHA-256 sums
of images, records and shards, counts labels and tags, detects placeholders and writes the vocabulary. Needs
the extra `bench`.
"""

import itertools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness import LINEAR, Answer, Better, JsonOption, SmokeOption, apiece, compare, report, single
from nus_wide_tree import TAG_NAMES, commented, counts, made_up, write_tree
from photographs import photograph
from records_scale import measured, sides
from typer import run

SMALL, PHOTOGRAPHS = 10_000, 2_000
"""The numbers of images of each kind, for both sides."""
GROWTH = (1_000, 10_000, 100_000)
"""The numbers of small pictures of the builds that are compared."""
QUICK: tuple[Better, float] = ("at most", 2.0)
CHECKS = {"build": "every image decoded", "quick": "header and end of every image"}
DIFFERENT = 20
"""Different photographs; a comment in each file makes all files different."""


def main(smoke: SmokeOption = False, json_file: JsonOption = None) -> None:
    """Prints the ratio of building to copying, and time and memory per image for more images."""
    shrink, pairs = (100, 1) if smoke else (1, 2)
    with tempfile.TemporaryDirectory() as folder:
        small, photographs = Path(folder, "small"), Path(folder, "photographs")
        write(small, SMALL // shrink)
        write(photographs, PHOTOGRAPHS // shrink)
        paint(photographs)
        answers = [
            beside_copying(small, f"{SMALL // shrink:,} pictures of 1 kB", pairs=pairs),
            beside_copying(photographs, f"{PHOTOGRAPHS // shrink:,} photographs of 120 kB", pairs=pairs),
            beside_copying(photographs, "the same with --quick-check", "quick", pairs=pairs, goal=QUICK),
        ]
        answers += growth(Path(folder), [images // shrink for images in GROWTH[: 2 if smoke else 3]])
    report(answers, json_file)


def write(raw: Path, images: int) -> None:
    """A tree of so many random images in both lists, of a kilobyte each."""
    halves, concepts = made_up(counts(images))
    train, test = halves["train"], halves["test"]
    write_tree(raw, train, test, concepts=concepts, tag_names=TAG_NAMES, images=True)


def paint(raw: Path) -> None:
    """Replaces a tree's images by photographs."""
    pictures = itertools.cycle([photograph(seed) for seed in range(DIFFERENT)])
    for path, picture in zip(sorted(raw.rglob("*.jpg")), pictures, strict=False):
        path.write_bytes(commented(picture, path.name))


def beside_copying(
    raw: Path, what: str, side: str = "build", *, pairs: int, goal: tuple[Better, float] | None = None
) -> Answer:
    """The time of a build over that of copying."""
    _, both = sides(raw)

    def into_new_folder(side: str) -> Callable[[], None]:
        def write_all() -> None:
            with tempfile.TemporaryDirectory(dir=raw.parent) as out:
                both[side](Path(out))

        return write_all

    return compare(
        f"records of {what}, a build's time over copying's",
        ("build_records", into_new_folder(side)),
        ("TFDS' writer alone", into_new_folder("copy")),
        pairs=pairs,
        goal=goal,
        warm_up=False,
        note=f"beyond copying: {CHECKS[side]}, SHA-256 of images, records and shards, counts, vocabulary",
    )


def growth(folder: Path, sizes: list[int]) -> list[Answer]:
    """Time and memory per image in each build over those in the next smaller one; each runs once."""
    runs = []
    for images in sizes:
        raw = folder / f"growth_{images}"
        write(raw, images)
        runs.append(measured("build", raw, None))
    answers = []
    for small, large in itertools.pairwise(runs):
        answers += [per_image("seconds", small, large), per_image("peak_mib", small, large)]
    return answers


def per_image(measure: str, small: dict[str, float], large: dict[str, float]) -> Answer:
    """A measure per image in the larger build over that in the smaller one."""
    sides_told = [(f"{measure}, {size['images']:,} images", size[measure]) for size in (large, small)]
    question = f"records, {measure} an image, {large['images']:,} over {small['images']:,} images"
    return apiece(single(question, *sides_told, goal=LINEAR), large["images"] / small["images"])


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    run(main)
