"""MS-COCO's two kinds of annotation files: objects and captions of images."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrecords_tools.building.source import Finding
from tfrecords_tools.mscoco.json_lists import read_lists
from tfrecords_tools.shell.errors import UserError


@dataclass(frozen=True)
class Instances:
    """A file of objects.

    Attributes:
        files: each image's file name, by the image's id, in the file's order.
        categories: names by category id, in the order of the ids.
        labels: the category ids seen in each image; an image without objects is absent.
        findings: objects that cannot be used, and are left out of `labels`.
    """

    files: Mapping[int, str]
    categories: Mapping[int, str]
    labels: Mapping[int, frozenset[int]]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Captions:
    """A file of captions.

    Attributes:
        texts: each image's captions in the order of their ids; an image without any is absent.
        findings: captions that cannot be used, and are left out of `texts`.
    """

    texts: Mapping[int, tuple[str, ...]]
    findings: tuple[Finding, ...]


def read_instances(path: Path) -> Instances:
    """Reads the images, categories and objects of an `instances_*.json`.

    Raises:
        UserError: the file is broken as a whole, or its images or categories are.
    """
    files: dict[int, str] = {}
    categories: dict[int, str] = {}
    objects: list[tuple[Any, Any]] = []  # judged at the end: the file may name its categories after them

    def add_image(entry: dict[str, Any]) -> None:
        identifier = _value(path, entry, "id", int)
        if identifier in files:
            raise UserError(f"image ids must be unique. Received: {path}: two images with id {identifier}.")
        files[identifier] = _value(path, entry, "file_name", str)

    def add_category(entry: dict[str, Any]) -> None:
        identifier, name = _value(path, entry, "id", int), _value(path, entry, "name", str)
        if identifier in categories or name in categories.values():
            raise UserError(
                f"categories' ids and names must be unique. Received: {path}: {identifier}, {name!r}."
            )
        categories[identifier] = name

    def add_object(entry: dict[str, Any]) -> None:
        objects.append((entry.get("image_id"), entry.get("category_id")))

    _read(path, {"images": add_image, "annotations": add_object, "categories": add_category})
    if not categories:
        raise UserError(f"categories must be there. Received: {path} without any. Take the official file.")
    labels, findings = _labels(path, objects, images=files, categories=categories)
    return Instances(files, dict(sorted(categories.items())), labels, findings)


def read_captions(path: Path, *, images: Container[int]) -> Captions:
    """Reads the captions of a `captions_*.json`.

    Args:
        path: the file.
        images: the ids of the half's images.

    Raises:
        UserError: the file is broken as a whole.
    """
    texts: dict[int, list[tuple[int, str]]] = {}
    findings: list[Finding] = []
    place = 0

    def add(entry: dict[str, Any]) -> None:
        nonlocal place
        place += 1
        image, caption, identifier = entry.get("image_id"), entry.get("caption"), entry.get("id")
        if type(image) is not int or image not in images:
            findings.append(_finding(path, place, f"image_id {image!r} is no image's"))
        elif not isinstance(caption, str):
            findings.append(_finding(path, place, f"caption {caption!r} is no string"))
        else:
            order = identifier if type(identifier) is int else 0
            texts.setdefault(image, []).append((order, caption))

    _read(path, {"images": lambda _: None, "annotations": add})
    ordered = {image: tuple(text for _, text in sorted(found)) for image, found in texts.items()}
    return Captions(ordered, tuple(findings))


def _read(path: Path, add: Mapping[str, Callable[[dict[str, Any]], None]]) -> None:
    for key, _, entry in read_lists(path, tuple(add)):
        add[key](entry)


def _labels(
    path: Path,
    objects: list[tuple[Any, Any]],
    *,
    images: Container[int],
    categories: Container[int],
) -> tuple[dict[int, frozenset[int]], tuple[Finding, ...]]:
    seen: dict[int, set[int]] = {}
    findings: list[Finding] = []
    for place, (image, category) in enumerate(objects, start=1):
        if type(image) is not int or image not in images:
            findings.append(_finding(path, place, f"image_id {image!r} is no image's"))
        elif type(category) is not int or category not in categories:
            findings.append(_finding(path, place, f"category_id {category!r} is no category's"))
        else:
            seen.setdefault(image, set()).add(category)
    return {image: frozenset(found) for image, found in seen.items()}, tuple(findings)


def _finding(path: Path, place: int, problem: str) -> Finding:
    file = f"{path.parent.name}/{path.name}"
    return Finding(file, place, f"{problem}; a repair leaves the annotation out")


def _value(path: Path, entry: Mapping[str, Any], key: str, kind: type) -> Any:
    value = entry.get(key)
    if type(value) is not kind:
        shown = {name: entry[name] for name in list(entry)[:4]}
        raise UserError(f"every entry must have {key!r}, {kind.__name__}. Received: {path}: {shown}.")
    return value
