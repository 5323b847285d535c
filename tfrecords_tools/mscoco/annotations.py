"""Reads MS-COCO's annotation files of objects and of captions."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tfrecords_tools.building.source import AnnotationDefect
from tfrecords_tools.mscoco.json_lists import Entry, read_lists
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json

Value = TypeVar("Value", int, str)


@dataclass(frozen=True)
class Instances:
    """The content of a file of objects.

    Attributes:
        files: file names by image id, in the order of the annotation file.
        categories: names by category id, in the order of the ids.
        labels: category ids by image id; images without objects are absent.
        defects: objects that cannot be used; `labels` does not contain them.
    """

    files: Mapping[int, str]
    categories: Mapping[int, str]
    labels: Mapping[int, frozenset[int]]
    defects: tuple[AnnotationDefect, ...]


@dataclass(frozen=True)
class Captions:
    """The content of a file of captions.

    Attributes:
        texts: captions by image id, in the order of the caption ids; images without captions are absent.
        defects: captions that cannot be used; `texts` does not contain them.
    """

    texts: Mapping[int, tuple[str, ...]]
    defects: tuple[AnnotationDefect, ...]


def read_instances(path: Path) -> Instances:
    """Reads the images, categories and objects of an `instances_*.json`.

    Raises:
        UserError: the file, its images or its categories cannot be used.
    """
    files: dict[int, str] = {}
    categories: dict[int, str] = {}
    objects: list[tuple[Json, Json]] = []  # checked at the end, as categories may follow in the file

    def add_image(entry: Entry) -> None:
        identifier = _value(path, entry, "id", int)
        if identifier in files:
            raise UserError(f"image ids must be unique. Received: {path}: two images with id {identifier}.")
        files[identifier] = _value(path, entry, "file_name", str)

    def add_category(entry: Entry) -> None:
        identifier, name = _value(path, entry, "id", int), _category_name(path, entry)
        if identifier in categories or name in categories.values():
            raise UserError(
                f"categories' ids and names must be unique. Received: {path}: {identifier}, {name!r}."
            )
        categories[identifier] = name

    def add_object(entry: Entry) -> None:
        objects.append((_id(entry, "image_id"), _id(entry, "category_id")))

    _read(path, {"images": add_image, "annotations": add_object, "categories": add_category})
    if not categories:
        raise UserError(f"file must have categories. Received: {path} without any. Use the official file.")
    labels, defects = _labels(path, objects, images=files, categories=categories)
    return Instances(files, dict(sorted(categories.items())), labels, defects)


def read_captions(path: Path, *, images: Container[int]) -> Captions:
    """Reads the captions of a `captions_*.json`.

    Args:
        path: the file.
        images: the ids of the images in the file of objects.

    Raises:
        UserError: the file cannot be used.
    """
    texts: dict[int, list[tuple[int, str]]] = {}
    defects: list[AnnotationDefect] = []
    row = 0

    def add(entry: Entry) -> None:
        nonlocal row
        row += 1
        image, caption, identifier = _id(entry, "image_id"), entry.get("caption"), _id(entry, "id")
        if type(image) is not int or image not in images:
            defects.append(_unknown_id(path, row, "image", image))
        elif not isinstance(caption, str):
            defects.append(_defect(path, row, f"caption {caption!r} is no string"))
        else:
            order = identifier if type(identifier) is int else 0
            texts.setdefault(image, []).append((order, caption))

    _read(path, {"images": lambda _: None, "annotations": add})
    ordered = {image: tuple(text for _, text in sorted(captions)) for image, captions in texts.items()}
    return Captions(ordered, tuple(defects))


def _read(path: Path, add: Mapping[str, Callable[[Entry], None]]) -> None:
    for key, _, entry in read_lists(path, tuple(add)):
        add[key](entry)


def _labels(
    path: Path,
    objects: list[tuple[Json, Json]],
    *,
    images: Container[int],
    categories: Container[int],
) -> tuple[dict[int, frozenset[int]], tuple[AnnotationDefect, ...]]:
    seen: dict[int, set[int]] = {}
    defects: list[AnnotationDefect] = []
    for row, (image, category) in enumerate(objects, start=1):
        if type(image) is not int or image not in images:
            defects.append(_unknown_id(path, row, "image", image))
        elif type(category) is not int or category not in categories:
            defects.append(_unknown_id(path, row, "category", category))
        else:
            seen.setdefault(image, set()).add(category)
    return {image: frozenset(labels) for image, labels in seen.items()}, tuple(defects)


def _id(entry: Entry, key: str) -> Json:
    """An id; tools that keep ids in tables of floats write 1.0 for 1."""
    value = entry.get(key)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _unknown_id(path: Path, row: int, kind: str, value: Json) -> AnnotationDefect:
    if type(value) is int:
        return _defect(path, row, f"{kind}_id {value} is no {kind}'s")
    return _defect(path, row, f"{kind}_id {value!r} is no whole number, as ids must be")


def _defect(path: Path, row: int, problem: str) -> AnnotationDefect:
    file = f"{path.parent.name}/{path.name}"
    return AnnotationDefect(file, row, f"{problem}; a repair leaves the annotation out")


def _category_name(path: Path, entry: Entry) -> str:
    """The name without blanks around it, one line: lists of names hold one a line."""
    name = _value(path, entry, "name", str).strip()
    if len(name.splitlines()) != 1:
        raise UserError(
            "a category's name must be one line of text. "
            f"Received: {path}: category {entry.get('id')}, {entry['name']!r}. Rename it."
        )
    return name


def _value(path: Path, entry: Entry, key: str, value_type: type[Value]) -> Value:
    value = _id(entry, key)
    if type(value) is not value_type:
        shown = {name: entry[name] for name in list(entry)[:4]}
        raise UserError(f"every entry must have {key!r}, {value_type.__name__}. Received: {path}: {shown}.")
    return value
