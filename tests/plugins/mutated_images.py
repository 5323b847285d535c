"""Images as odd writers and damage make them: all Pillow writers, truncations, edits of header and bytes."""

import io
import random
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image

SIDE = 32
HEADER = 600
"""The first bytes of a file, where its header stands."""
JPEG_OPTIONS = (
    {"quality": 90, "subsampling": 0},
    {"quality": 40, "subsampling": 2},
    {"progressive": True},
    {"restart_marker_blocks": 2},
)
OTHER_WRITERS = {
    "WEBP": ({"lossless": True}, {"quality": 50}),
    "TIFF": ({}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}, {"compression": "packbits"}),
    "BMP": ({},),
    "GIF": ({}, {"save_all": True}),
    "PPM": ({},),
    "TGA": ({},),
    "ICO": ({},),
    "JPEG2000": ({},),
    "DDS": ({},),
    "EPS": ({},),
}
MODES = {"JPEG": ("RGB", "L", "CMYK"), "PNG": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")}


def pictures() -> Iterator[tuple[str, bytes]]:
    """Whole images of every kind with a name each; JPEG and PNG also with every EXIF orientation."""
    generator = np.random.default_rng(0)
    low = Image.fromarray(generator.integers(0, 256, (5, 6, 3), np.uint8))
    picture = low.resize((SIDE + 13, SIDE), Image.Resampling.BICUBIC)
    for mode in MODES["JPEG"]:
        for number, options in enumerate(JPEG_OPTIONS):
            yield f"{mode}-{number}.jpg", _encoded(picture.convert(mode), "JPEG", **options)
    for mode in MODES["PNG"]:
        image = picture.convert("L" if mode == "I;16" else mode)
        yield f"{mode.replace(';', '')}.png", _encoded(image.convert(mode), "PNG")
    for orientation in range(10):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for image_format, suffix in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")):
            yield f"turned-{orientation}.{suffix}", _encoded(picture, image_format, exif=exif.tobytes())
    for image_format, variants in OTHER_WRITERS.items():
        for number, options in enumerate(variants):
            name = f"other-{number}.{image_format.lower()}"
            yield name, _encoded(picture, image_format, **options)
    frames = {"save_all": True, "append_images": [picture.rotate(90), picture.rotate(180)]}
    for image_format, suffix in (("PNG", "apng"), ("GIF", "gif"), ("MPO", "mpo"), ("WEBP", "webp")):
        yield f"frames.{suffix}", _encoded(picture, image_format, **frames)


def mutated_images(count: int, seed: int) -> Iterable[tuple[str, bytes]]:
    """Images with a name each: a sixth of them whole, the others cut short or changed.

    Args:
        count: how many.
        seed: the same seed makes the same images.
    """
    generator = random.Random(seed)
    whole = [*pictures()]
    for number in range(count):
        name, content = generator.choice(whole)
        yield f"{number}-{name}", _mutated(content, generator)


def _mutated(content: bytes, generator: random.Random) -> bytes:
    changed = bytearray(content)
    kind = generator.randrange(6)
    if kind == 1:
        return bytes(changed[: generator.randrange(len(changed))])
    if kind in (2, 3):
        for _ in range(generator.randint(1, 4)):
            changed[generator.randrange(min(HEADER, len(changed)))] = generator.randrange(256)
    if kind == 4:
        for _ in range(generator.randint(1, 8)):
            changed[generator.randrange(len(changed))] ^= 1 << generator.randrange(8)
    if kind == 5:
        start = generator.randrange(len(changed))
        changed[start : start + generator.randint(0, 40)] = generator.randbytes(generator.randint(0, 40))
    return bytes(changed)


def _encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()
