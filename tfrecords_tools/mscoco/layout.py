"""The official folder layout of MS-COCO, parsed and checked before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.building.source import Finding
from tfrecords_tools.mscoco.annotations import read_captions, read_instances
from tfrecords_tools.shell.errors import UserError

YEARS = (2014, 2017)


@dataclass(frozen=True)
class Part:
    """One official half, train or val.

    Attributes:
        images: where each image should lie, by its id, in the file's order.
        categories: names by category id, in the order of the ids.
        labels: the category ids seen in each image; an image without objects is absent.
        captions: each image's captions; an image without any is absent.
        findings: annotations that cannot be used, and are left out.
    """

    images: Mapping[int, Path]
    categories: Mapping[int, str]
    labels: Mapping[int, frozenset[int]]
    captions: Mapping[int, tuple[str, ...]]
    findings: tuple[Finding, ...]


def find_year(raw: Path) -> int:
    """The one year whose annotations lie in `raw`.

    Raises:
        UserError: none or both are there.
    """
    present = [year for year in YEARS if annotation_file(raw, "instances", f"train{year}").is_file()]
    if len(present) == 1:
        return present[0]
    if present:
        raise UserError(
            f"year must be chosen where several lie. Received: {raw} with {present}. Pass --year."
        )
    expected = " or ".join(f"instances_train{year}.json" for year in YEARS)
    raise UserError(f"raw folder must hold annotations/{expected}. Received: {raw}. Pass --raw.")


def annotation_file(raw: Path, kind: str, half: str) -> Path:
    """Where the official layout keeps an annotation file: `instances_train2014.json` and so on."""
    return raw / "annotations" / f"{kind}_{half}.json"


def read_part(raw: Path, half: str) -> Part:
    """Reads one half's two annotation files.

    Args:
        raw: the folder of the official layout.
        half: "train2014", "val2017", …

    Raises:
        UserError: a file or folder is missing or broken; the message names it and the cause.
    """
    folder = image_folder(raw, half)
    instances = read_instances(annotation_file(raw, "instances", half))
    captions = read_captions(annotation_file(raw, "captions", half), images=instances.files)
    return Part(
        images={image: folder / Path(name).name for image, name in instances.files.items()},
        categories=instances.categories,
        labels=instances.labels,
        captions=captions.texts,
        findings=(*instances.findings, *captions.findings),
    )


def image_folder(raw: Path, half: str) -> Path:
    """The half's folder of images, beside annotations/ or within images/.

    Raises:
        UserError: there is neither.
    """
    places = (raw / half, raw / "images" / half)
    for place in places:
        if place.is_dir():
            return place
    raise UserError(
        f"image folder must exist. Received: neither {places[0]} nor {places[1]}. Unpack the images."
    )
