"""What the methods of a loaded model accept as images and as tags."""

import io
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfrecords_tools.photographs.conversion import as_png
from tfrecords_tools.photographs.encoded import encoded_photograph
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.tag_rule.rule import join_tags

ImageLike = str | Path | bytes | np.ndarray | Image.Image
"""A photograph's file, its bytes, RGB pixels uint8 [H, W, 3], or a Pillow image."""
TagsLike = str | Sequence[str] | Sequence[Sequence[str]]
"""A text of several tags for all images, or for each image such a text or a list of tags (docs/tags.md)."""


def list_of_images(images: Any) -> list[ImageLike]:
    """The images as a list.

    Raises:
        ValueError: it is one image, or none of what can be iterated.
    """
    if isinstance(images, str | Path | bytes | Image.Image) or (
        isinstance(images, np.ndarray) and images.ndim == 3
    ):
        raise ValueError("images must be a list. Received: one image; put it in brackets")
    if not isinstance(images, Iterable):
        raise ValueError(f"images must be a list. Received: {type(images).__name__}")
    return list(images)


def encoded_image(image: Any, number: int) -> bytes:
    """JPEG or PNG bytes; other files and pixels are encoded as PNG, which loses nothing.

    Args:
        image: one that a caller gave.
        number: its place, for the error.

    Raises:
        UserError: it is of no accepted kind.
        UnreadableImageError: it cannot be read.
    """
    if isinstance(image, Image.Image):
        return as_png(image)
    if isinstance(image, str | Path | bytes):
        return encoded_photograph(image if isinstance(image, bytes) else Path(image)).content
    kind = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.shape[2:] != (3,)
        or not image.size
    ):
        raise UserError(
            "An image must be a file, bytes, a Pillow image, or RGB pixels uint8 [H, W, 3]. "
            f"Received: {image_name(image, number)}, {kind}."
        )
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def image_name(image: ImageLike, number: int) -> str:
    """The name in annotations and errors: the path of a file, else the image's place."""
    return str(image) if isinstance(image, str | Path) else f"image {number}"


def tag_texts(tags: TagsLike, images: int) -> list[str]:
    """One comma-separated text for each image.

    Args:
        tags: as a caller gave them.
        images: the number of images.

    Raises:
        ValueError: there is not one entry for each image, or one is no text and no list of texts.
    """
    if isinstance(tags, str):
        return [tags] * images
    if isinstance(tags, bytes | Set | Mapping) or not isinstance(tags, Iterable):
        raise ValueError(
            f"tags must be one text, or a list with an entry for each image. Received: {type(tags).__name__}"
        )
    texts = [_text(entry) for entry in tags]
    if len(texts) != images:
        raise ValueError(f"tags must have an entry for each of {images} images. Received: {len(texts)}")
    return texts


def _text(entry: Any) -> str:
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, Sequence) or not all(isinstance(tag, str) for tag in entry):
        raise ValueError(f"The tags of an image must be a text or a list of texts. Received: {entry!r}")
    return join_tags(entry)
