"""Draws docs/starter.jpg: photographs with the labels that the starter model gives them.

    pip install scikit-image; python docs/starter_picture.py

The photographs are samples of scikit-image, in the public domain or under CC0, as its documentation says
(`skimage.data`): rocket (SpaceX, CC0), astronaut (NASA, public domain), coffee (Rachel Michetti, CC0),
chelsea (Stefan van der Walt, CC0), motorcycle (Middlebury stereo data, CC0), camera (Lav Varshney, CC0).
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

import mmannot_tf

PHOTOGRAPHS = {
    "rocket": ("rocket.jpg", "night, launch"),
    "astronaut": ("astronaut.png", ""),
    "motorcycle": ("motorcycle_left.png", ""),
    "coffee": ("coffee.png", "espresso, macro"),
    "chelsea": ("chelsea.png", "cat"),
    "camera": ("camera.png", ""),
}
"""Files of skimage.data, with tags as their owners could have given them."""
COLUMNS, WIDTH, HEIGHT, TEXT, GAP = 3, 320, 240, 96, 16
PAPER, INK, SOFT = (253, 253, 252), (28, 31, 35), (90, 98, 108)
QUALITY = 82


def main() -> None:
    """Writes the picture beside this file."""
    from skimage import data

    pictures = [
        Image.open(Path(data.__file__).parent / file).convert("RGB") for file, _ in PHOTOGRAPHS.values()
    ]
    tags = [tags for _, tags in PHOTOGRAPHS.values()]
    annotations = mmannot_tf.load("starter").annotate([np.asarray(picture) for picture in pictures], tags)
    rows = -(-len(pictures) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (WIDTH + GAP) + GAP, rows * (HEIGHT + TEXT + GAP) + GAP), PAPER)
    for place, (picture, annotation) in enumerate(zip(pictures, annotations, strict=True)):
        left = GAP + place % COLUMNS * (WIDTH + GAP)
        top = GAP + place // COLUMNS * (HEIGHT + TEXT + GAP)
        sheet.paste(ImageOps.fit(picture, (WIDTH, HEIGHT)), (left, top))
        _write(ImageDraw.Draw(sheet), annotation, (left, top + HEIGHT + 6))
    sheet.save(Path(__file__).with_name("starter.jpg"), quality=QUALITY, optimize=True)


def _write(draw: ImageDraw.ImageDraw, annotation: mmannot_tf.Annotation, place: tuple[int, int]) -> None:
    """Writes the labels below a photograph, and the tags that it came with."""
    large, small = ImageFont.load_default(19), ImageFont.load_default(15)
    left, top = place
    for line in _lines(draw, [label for label, _ in annotation.labels] or ["no label"], large):
        draw.text((left, top), line, INK, large)
        top += 24
    if annotation.tags:
        draw.text((left, top + 2), f"its tags: {annotation.tags}", SOFT, small)


def _lines(draw: ImageDraw.ImageDraw, words: list[str], font: ImageFont.FreeTypeFont) -> list[str]:
    """The words separated by commas, in lines as wide as a photograph."""
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]}, {word}"
        if draw.textlength(longer, font) <= WIDTH:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


if __name__ == "__main__":
    main()
