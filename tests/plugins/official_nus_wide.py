"""A small tree in NUS-WIDE's official layout, written line by line from what it is to say."""

from pathlib import Path

CONCEPTS = ("water", "waterfall", "lake", "sun", "sunset", "cat")
"""Not the order in which a directory lists their files."""

TAGS = ("nature", "sky", "cat", "water", "2008", "nikon", "blue", "a-b", "travel", "mañana")

Entry = tuple[str, set[str], set[str]]
"""An image of a list: its line's path with a slash, its labels, its tags."""

FOLDERS = ("actor", "power_plant", "car_crash")


def entries(first: int, count: int) -> list[Entry]:
    """Images with one to three labels and two tags each, in folders with and without an underscore."""
    return [
        (
            f"{FOLDERS[number % 3]}/{number:04}_{1000 + number}.jpg",
            {CONCEPTS[number % 6], CONCEPTS[number * number % 6], CONCEPTS[number // 2 % 6]},
            {TAGS[number % 10], TAGS[number // 3 % 10]},
        )
        for number in range(first, first + count)
    ]


def listed() -> tuple[list[Entry], list[Entry]]:
    """30 training and 20 test images, one of each without a label, one without a tag."""
    train, test = entries(0, 30), entries(30, 20)
    for half in (train, test):
        half[3] = (half[3][0], set(), {"sky"})
        half[4] = (half[4][0], {"cat", "water"}, set())
    return train, test


def write(path: Path, lines: list[str], *, end: str = "\n", last: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((end.join(lines) + end + last).encode())


def write_raw(
    raw: Path, train: list[Entry], test: list[Entry], *, tags: tuple[str, ...] = TAGS, end: str = "\n", **ends
) -> Path:
    """Writes the annotation files of both halves, and an empty Flickr/."""
    write(raw / "ConceptsList" / "Concepts81.txt", list(CONCEPTS), end=end, **ends)
    write(raw / "NUS_WID_Tags" / "TagList1k.txt", list(tags), end=end, **ends)
    for half, images in (("Train", train), ("Test", test)):
        lines = [file.replace("/", "\\") for file, _, _ in images]
        write(raw / "ImageList" / f"{half}Imagelist.txt", lines, end=end, **ends)
        for concept in CONCEPTS:
            values = [str(int(concept in labels)) for _, labels, _ in images]
            path = raw / "Groundtruth" / "TrainTestLabels" / f"Labels_{concept}_{half}.txt"
            write(path, values, end=end, **ends)
        rows = ["".join(f"{int(tag in own)}\t" for tag in tags) for _, _, own in images]
        write(raw / "NUS_WID_Tags" / f"{half}_Tags1k.dat", rows, end=end, **ends)
    (raw / "Flickr").mkdir(parents=True, exist_ok=True)
    return raw
