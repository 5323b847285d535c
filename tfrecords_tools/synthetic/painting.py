"""The canvas of a scene, its sky and ground, and the camera's noise."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

Color = tuple[int, int, int]

HORIZON = 0.6
"""Where the ground begins, as a share of the height."""


@dataclass(frozen=True)
class Canvas:
    """A picture being painted.

    Attributes:
        image: RGB.
        generator: decides everything random about it.
        draw: Pillow's pen on the image.
    """

    image: Image.Image
    generator: np.random.Generator
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "draw", ImageDraw.Draw(self.image))

    @property
    def size(self) -> int:
        """Side of the picture, pixels."""
        return self.image.width

    def between(self, low: float, high: float) -> float:
        """A uniform number; as a share of the side, use `pixels`."""
        return float(self.generator.uniform(low, high))

    def pixels(self, low: float, high: float) -> int:
        """A uniform length between two shares of the picture's side, in pixels."""
        return round(self.between(low, high) * self.size)

    def shade(self, color: Color, spread: int = 25) -> Color:
        """`color` with each channel moved by at most `spread`."""
        moved = np.array(color) + self.generator.integers(-spread, spread + 1, size=3)
        red, green, blue = np.clip(moved, 0, 255)
        return int(red), int(green), int(blue)

    @property
    def luminance(self) -> float:
        """Mean grey value of the upper half, 0..255."""
        upper = self.image.crop((0, 0, self.size, self.size // 2)).resize((1, 1), Image.Resampling.BOX)
        return float(np.mean(upper.getpixel((0, 0))))


def backdrop(labels: tuple[str, ...], size: int, generator: np.random.Generator) -> Image.Image:
    """Sky, ground, and unnamed clutter: clouds, hills and stones that no label stands for."""
    top, bottom = _sky(labels, generator)
    blend = np.linspace(0, 1, size)[:, None, None]
    pixels = np.broadcast_to(top + (bottom - top) * blend, (size, size, 3)).copy()
    horizon = round(size * (HORIZON + generator.uniform(-0.08, 0.08)))
    ground = _ground(labels, generator)
    pixels[horizon:] = ground + generator.normal(0, 9, (size - horizon, size, 1))
    if "night" in labels:
        pixels *= generator.uniform(0.3, 0.5)
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    _clutter(Canvas(image, generator), horizon)
    return image


def _sky(labels: tuple[str, ...], generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    if "sunset" in labels:
        top, bottom = (110, 70, 120), (250, 140, 50)
    elif "night" in labels:
        top, bottom = (50, 55, 90), (90, 90, 130)
    elif "rain" in labels:
        top, bottom = (120, 125, 135), (165, 170, 175)
    else:
        top, bottom = (90, 140, 205), (185, 205, 225)
    moved = generator.normal(0, 18, (2, 3))
    return np.array(top) + moved[0], np.array(bottom) + moved[1]


def _ground(labels: tuple[str, ...], generator: np.random.Generator) -> np.ndarray:
    if "snow" in labels:
        color = (225, 228, 238)
    elif "sea" in labels:
        color = (45, 95, 140)
    else:
        choices = ((105, 125, 70), (135, 115, 85), (125, 125, 120))
        color = choices[generator.integers(len(choices))]
    return np.array(color) + generator.normal(0, 10, 3)


def _clutter(canvas: Canvas, horizon: int) -> None:
    generator = canvas.generator
    for _ in range(generator.integers(0, 3)):
        x, y, w = canvas.pixels(-0.1, 0.9), canvas.pixels(0.02, 0.3), canvas.pixels(0.15, 0.4)
        sky = canvas.image.getpixel((canvas.size // 2, y))
        canvas.draw.ellipse((x, y, x + w, y + w // 3), fill=tuple(min(255, value + 25) for value in sky))
    if generator.random() < 0.5:
        x, w, h = canvas.pixels(-0.2, 0.8), canvas.pixels(0.3, 0.8), canvas.pixels(0.06, 0.2)
        hill = canvas.shade((95, 105, 100), 30)
        canvas.draw.polygon(((x, horizon), (x + w // 2, horizon - h), (x + w, horizon)), fill=hill)
    for _ in range(generator.integers(0, 4)):
        x, y, w = canvas.pixels(0, 0.95), canvas.pixels(0.68, 0.95), canvas.pixels(0.04, 0.12)
        canvas.draw.ellipse((x, y, x + w, y + w // 2), fill=canvas.shade((115, 105, 95), 30))


def finish(canvas: Canvas) -> Image.Image:
    """The picture as a camera saw it: exposure, colour cast and grain."""
    pixels = np.asarray(canvas.image, dtype=np.float32)
    cast = canvas.generator.uniform(0.88, 1.1, 3).astype(np.float32)
    grain = canvas.generator.normal(0, canvas.between(2, 7), pixels.shape[:2]).astype(np.float32)
    return Image.fromarray(np.clip(pixels * cast + grain[..., None], 0, 255).astype(np.uint8))
