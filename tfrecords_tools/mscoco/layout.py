"""Reads the official folder layout of MS-COCO."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tfrecords_tools.building.source import AnnotationDefect
from tfrecords_tools.mscoco.annotations import read_captions, read_instances
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.paths import FilesBelow, path_below

YEARS = (2014, 2017)


@dataclass(frozen=True)
class OfficialHalf:
    """One official half, train or val.

    Attributes:
        images: paths of the image files by id, in the order of the annotation file.
        categories: names by category id, in the order of the ids.
        labels: category ids by image id; images without objects are absent.
        captions: captions by image id; images without captions are absent.
        defects: annotations that cannot be used; they are left out.
    """

    images: Mapping[int, Path]
    categories: Mapping[int, str]
    labels: Mapping[int, frozenset[int]]
    captions: Mapping[int, tuple[str, ...]]
    defects: tuple[AnnotationDefect, ...]


def find_year(raw: Path) -> int:
    """The year of the annotations in `raw`.

    Raises:
        UserError: there are annotations of no year, or of both.
    """
    present = [year for year in YEARS if annotation_file(raw, "instances", f"train{year}").is_file()]
    if len(present) == 1:
        return present[0]
    if present:
        raise UserError(
            f"year must be given if raw folder holds several. Received: {raw} with {present}. Pass --year."
        )
    expected = " or ".join(f"instances_train{year}.json" for year in YEARS)
    raise UserError(f"raw folder must hold annotations/{expected}. Received: {raw}. Pass --raw.")


def annotation_file(raw: Path, content: str, half: str) -> Path:
    """The path of an annotation file, such as `annotations/instances_train2014.json`."""
    return raw / "annotations" / f"{content}_{half}.json"


def read_half(raw: Path, half: str) -> OfficialHalf:
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
    files = _ImageFiles(raw, folder, annotation_file(raw, "instances", half))
    return OfficialHalf(
        images={image: files.find(image, name) for image, name in instances.files.items()},
        categories=instances.categories,
        labels=instances.labels,
        captions=captions.texts,
        defects=(*instances.defects, *captions.defects),
    )


class _ImageFiles:
    """Finds the files of a half's images by their `file_name`, which may name folders."""

    def __init__(self, raw: Path, folder: Path, annotations: Path):
        self._raw, self._annotations = raw, annotations
        self._in_folder, self._in_raw = FilesBelow(folder), FilesBelow(raw)

    def find(self, image: int, name: str) -> Path:
        """The file below the half's folder; if there is none, and `name` has a folder, the one below raw.

        Raises:
            UserError: the name leaves the raw folder, or is none.
        """
        try:
            path = path_below(name, self._raw)
            file = self._in_folder.find(path)
            if "/" not in path or file.is_file():
                return file
            other = self._in_raw.find(path)
        except ValueError as error:
            raise UserError(
                "file_name must be a path below the folder of images. "
                f"Received: {self._annotations}: image {image}: {error}. Repair the entry."
            ) from None
        return other if other.is_file() else file


def image_folder(raw: Path, half: str) -> Path:
    """The folder of a half's images, next to annotations/ or in images/.

    Raises:
        UserError: there is none.
    """
    folders = (raw / half, raw / "images" / half)
    for folder in folders:
        if folder.is_dir():
            return folder
    raise UserError(
        f"image folder must exist. Received: neither {folders[0]} nor {folders[1]}. Unpack the images."
    )
