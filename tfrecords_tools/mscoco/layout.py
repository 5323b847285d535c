"""The official folder layout of MS-COCO, parsed and checked before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrecords_tools.errors import UserError
from tfrecords_tools.files import read_json

YEARS = (2014, 2017)


@dataclass(frozen=True)
class Part:
    """One official half, train or val.

    Attributes:
        images: where each image should lie, by its id, in the file's order.
        categories: names by category id, in the order of the ids.
        labels: the category ids seen in each image; an image without objects is absent.
        captions: each image's captions; an image without any is absent.
    """

    images: Mapping[int, Path]
    categories: Mapping[int, str]
    labels: Mapping[int, frozenset[int]]
    captions: Mapping[int, tuple[str, ...]]


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
    instances = annotation_file(raw, "instances", half)
    captions = annotation_file(raw, "captions", half)
    document = _document(instances, ("images", "annotations", "categories"))
    images = _images(instances, document["images"], folder=image_folder(raw, half))
    categories = _categories(instances, document["categories"])
    labels = _labels(instances, document["annotations"], images=images, categories=categories)
    notes = _document(captions, ("images", "annotations"))["annotations"]
    return Part(images, categories, labels, _captions(captions, notes, images=images))


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


def _document(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    """A JSON object whose `keys` hold lists of objects."""
    document = read_json(path, "annotation file")
    if not isinstance(document, dict):
        raise UserError(f"annotation file must be an object. Received: {path}, a {type(document).__name__}.")
    for key in keys:
        entries = document.get(key)
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise UserError(
                f"annotation file must have {key!r}, a list of objects. Received: {path}, without."
            )
    return document


def _value(path: Path, entry: Mapping[str, Any], key: str, kind: type) -> Any:
    value = entry.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        shown = {name: entry[name] for name in list(entry)[:4] if name != "segmentation"}
        raise UserError(f"every entry must have {key!r}, {kind.__name__}. Received: {path}: {shown}.")
    return value


def _images(path: Path, entries: list[dict], *, folder: Path) -> dict[int, Path]:
    images: dict[int, Path] = {}
    for entry in entries:
        identifier = _value(path, entry, "id", int)
        if identifier in images:
            raise UserError(f"image ids must be unique. Received: {path}: two images with id {identifier}.")
        images[identifier] = folder / Path(_value(path, entry, "file_name", str)).name
    return images


def _categories(path: Path, entries: list[dict]) -> dict[int, str]:
    named = {_value(path, entry, "id", int): _value(path, entry, "name", str) for entry in entries}
    if not named or len(named) < len(entries) or len(set(named.values())) < len(entries):
        raise UserError(f"categories must be there, ids and names unique. Received: {path}.")
    return dict(sorted(named.items()))


def _labels(
    path: Path, entries: list[dict], *, images: Mapping[int, Path], categories: Mapping[int, str]
) -> dict[int, frozenset[int]]:
    seen: dict[int, set[int]] = {}
    for entry in entries:
        image = _image_of(path, entry, images)
        category = _value(path, entry, "category_id", int)
        if category not in categories:
            raise UserError(
                f"every category_id must be a category's. Received: {path}: annotation "
                f"{entry.get('id')} with category_id {category}."
            )
        seen.setdefault(image, set()).add(category)
    return {image: frozenset(found) for image, found in seen.items()}


def _captions(path: Path, entries: list[dict], *, images: Mapping[int, Path]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for entry in entries:
        found.setdefault(_image_of(path, entry, images), []).append(_value(path, entry, "caption", str))
    return {image: tuple(captions) for image, captions in found.items()}


def _image_of(path: Path, entry: Mapping[str, Any], images: Mapping[int, Path]) -> int:
    image = _value(path, entry, "image_id", int)
    if image not in images:
        raise UserError(
            f"every image_id must be an image's. Received: {path}: annotation {entry.get('id')} "
            f"with image_id {image}."
        )
    return image
