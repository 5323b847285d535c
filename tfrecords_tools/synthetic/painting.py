"""Paints the background of a scene and adds the noise of a camera."""

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

Color = tuple[int, int, int]

HORIZON = 0.6
"""Height of the horizon as a share of the picture's height, from the top."""


@dataclass(frozen=True)
class Canvas:
    """A picture to paint on.

    Attributes:
        image: an RGB image.
        generator: the source of randomness.
        draw: Pillow's drawing interface to the image.
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
        """A uniformly distributed number."""
        return float(self.generator.uniform(low, high))

    def pixels(self, low: float, high: float) -> int:
        """A uniformly distributed length in pixels, between two shares of the picture's side."""
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
        return float(np.mean(np.asarray(upper)))


def backdrop(labels: tuple[str, ...], size: int, generator: np.random.Generator) -> Image.Image:
    """Paints sky, ground and clutter: clouds, hills and stones, which have no label."""
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
        red, green, blue = np.asarray(canvas.image)[y, canvas.size // 2].tolist()
        cloud = min(255, red + 25), min(255, green + 25), min(255, blue + 25)
        canvas.draw.ellipse((x, y, x + w, y + w // 3), fill=cloud)
    if generator.random() < 0.5:
        x, w, h = canvas.pixels(-0.2, 0.8), canvas.pixels(0.3, 0.8), canvas.pixels(0.06, 0.2)
        hill = canvas.shade((95, 105, 100), 30)
        canvas.draw.polygon(((x, horizon), (x + w // 2, horizon - h), (x + w, horizon)), fill=hill)
    for _ in range(generator.integers(0, 4)):
        x, y, w = canvas.pixels(0, 0.95), canvas.pixels(0.68, 0.95), canvas.pixels(0.04, 0.12)
        canvas.draw.ellipse((x, y, x + w, y + w // 2), fill=canvas.shade((115, 105, 95), 30))


def finish(canvas: Canvas) -> Image.Image:
    """Adds the exposure, colour cast and grain of a camera."""
    pixels = np.asarray(canvas.image, dtype=np.float32)
    cast = canvas.generator.uniform(0.88, 1.1, 3).astype(np.float32)
    grain = canvas.generator.normal(0, canvas.between(2, 7), pixels.shape[:2]).astype(np.float32)
    return Image.fromarray(np.clip(pixels * cast + grain[..., None], 0, 255).astype(np.uint8))
