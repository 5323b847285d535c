"""Draws the things in a scene: one function per label."""

import math
from collections.abc import Callable, Mapping

from tfrecords_tools.synthetic.painting import Canvas


def draw_sea(canvas: Canvas) -> None:
    """Rows of short light waves over the lower half."""
    light = canvas.shade((150, 185, 205))
    for _ in range(canvas.size // 3):
        x, y, w = canvas.pixels(0, 1), canvas.pixels(0.66, 1), canvas.pixels(0.05, 0.14)
        canvas.draw.line((x, y, x + w, y), fill=light)


def draw_snow(canvas: Canvas) -> None:
    """White specks over everything."""
    points = canvas.generator.uniform(0, canvas.size, (canvas.size, 2))
    canvas.draw.point([tuple(point) for point in points], fill=(240, 240, 248))


def draw_sun(canvas: Canvas) -> None:
    """A pale yellow disc in the sky."""
    x, y, r = canvas.pixels(0.1, 0.9), canvas.pixels(0.08, 0.28), canvas.pixels(0.06, 0.1)
    canvas.draw.ellipse((x - r, y - r, x + r, y + r), fill=canvas.shade((250, 235, 150), 10))


def draw_house(canvas: Canvas) -> None:
    """Walls, a roof and two windows."""
    w, h = canvas.pixels(0.2, 0.34), canvas.pixels(0.16, 0.26)
    x, y = canvas.pixels(0.02, 0.7), canvas.pixels(0.6, 0.78) - h
    canvas.draw.rectangle((x, y, x + w, y + h), fill=canvas.shade((190, 165, 140), 40))
    roof = ((x - w // 8, y), (x + w // 2, y - h * 2 // 3), (x + w + w // 8, y))
    canvas.draw.polygon(roof, fill=canvas.shade((140, 60, 50), 35))
    pane = canvas.shade((70, 75, 90), 20)
    for left in (x + w // 6, x + w * 4 // 6):
        canvas.draw.rectangle((left, y + h // 4, left + w // 7, y + h // 2), fill=pane)


def draw_tree(canvas: Canvas) -> None:
    """A trunk under a round or pointed crown."""
    x, y, r = canvas.pixels(0.08, 0.92), canvas.pixels(0.62, 0.85), canvas.pixels(0.07, 0.13)
    top = y - 3 * r
    canvas.draw.rectangle((x - r // 5, y - r, x + r // 5, y), fill=canvas.shade((85, 60, 40), 15))
    green = canvas.shade((45, 95, 45), 28)
    if canvas.generator.random() < 0.5:
        canvas.draw.ellipse((x - r, top, x + r, y - r // 2), fill=green)
    else:
        canvas.draw.polygon(((x - r, y - r // 2), (x, top), (x + r, y - r // 2)), fill=green)


def draw_car(canvas: Canvas) -> None:
    """A body of any colour with a cabin, on two wheels."""
    w = canvas.pixels(0.2, 0.3)
    x, y = canvas.pixels(0.02, 0.75), canvas.pixels(0.7, 0.88)
    h, wheel = w // 4, max(2, w // 9)
    red, green, blue = (int(value) for value in canvas.generator.integers(40, 220, 3))
    canvas.draw.rectangle((x, y, x + w, y + h), fill=(red, green, blue))
    canvas.draw.rectangle(
        (x + w // 4, y - h, x + w * 3 // 4, y), fill=(red * 3 // 4, green * 3 // 4, blue * 3 // 4)
    )
    for center in (x + w // 4, x + w * 3 // 4):
        box = (center - wheel, y + h - wheel, center + wheel, y + h + wheel)
        canvas.draw.ellipse(box, fill=(25, 25, 28))


def draw_bird(canvas: Canvas) -> None:
    """A few dark wings, five pixels wide, in the sky."""
    step = max(2, canvas.size // 32)
    ink = canvas.shade((35, 35, 40), 15) if canvas.luminance > 90 else canvas.shade((190, 190, 195), 15)
    for _ in range(canvas.generator.integers(2, 5)):
        x, y = canvas.pixels(0.08, 0.92), canvas.pixels(0.06, 0.45)
        canvas.draw.line((x - step, y - step, x, y, x + step, y - step), fill=ink)


def draw_star(canvas: Canvas) -> None:
    """Single bright points in the upper part."""
    radius = canvas.size // 128
    for _ in range(canvas.generator.integers(9, 18)):
        x, y = canvas.pixels(0.02, 0.97), canvas.pixels(0.02, 0.42)
        canvas.draw.rectangle((x, y, x + radius, y + radius), fill=canvas.shade((250, 250, 235), 10))


def draw_flower(canvas: Canvas) -> None:
    """Dots of one bright colour on the ground, three pixels each."""
    colors = ((225, 60, 90), (240, 205, 60), (200, 90, 210), (245, 130, 60))
    color = canvas.shade(colors[canvas.generator.integers(len(colors))], 15)
    radius = max(1, canvas.size // 64)
    for _ in range(canvas.generator.integers(5, 11)):
        x, y = canvas.pixels(0.03, 0.97), canvas.pixels(0.72, 0.96)
        canvas.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)


def draw_fence(canvas: Canvas) -> None:
    """Upright laths in a band across a part of the picture."""
    x, w = canvas.pixels(0, 0.4), canvas.pixels(0.35, 0.6)
    y, h = canvas.pixels(0.6, 0.78), canvas.pixels(0.1, 0.17)
    lath = canvas.shade((150, 120, 90), 35)
    step = max(3, canvas.size // 20)
    for left in range(x, x + w, step):
        canvas.draw.rectangle((left, y, left + step // 3, y + h), fill=lath)
    canvas.draw.line((x, y + h // 3, x + w, y + h // 3), fill=lath)


def draw_net(canvas: Canvas) -> None:
    """Thin crossed diagonals in a square somewhere."""
    side = canvas.pixels(0.28, 0.42)
    x, y = canvas.pixels(0.02, 0.56), canvas.pixels(0.1, 0.55)
    thread = canvas.shade((60, 60, 60), 25) if canvas.luminance > 90 else canvas.shade((150, 150, 150), 25)
    step = max(4, canvas.size // 16)
    for offset in range(0, side + 1, step):
        canvas.draw.line((x + offset, y, x + side, y + side - offset), fill=thread)
        canvas.draw.line((x, y + offset, x + side - offset, y + side), fill=thread)
        canvas.draw.line((x + offset, y, x, y + offset), fill=thread)
        canvas.draw.line((x + side, y + offset, x + offset, y + side), fill=thread)


def draw_rain(canvas: Canvas) -> None:
    """Short parallel slanting strokes over everything."""
    angle = canvas.between(-0.35, 0.35)
    length = canvas.size / 14
    dx, dy = length * math.sin(angle), length * math.cos(angle)
    drop = canvas.shade((205, 210, 220), 12)
    for x, y in canvas.generator.uniform(0, canvas.size, (canvas.size // 2, 2)):
        canvas.draw.line((x, y, x + dx, y + dy), fill=drop)


DRAWN_IN_ORDER: Mapping[str, Callable[[Canvas], None]] = {
    "sea": draw_sea,
    "star": draw_star,
    "sun": draw_sun,
    "house": draw_house,
    "tree": draw_tree,
    "fence": draw_fence,
    "flower": draw_flower,
    "car": draw_car,
    "bird": draw_bird,
    "net": draw_net,
    "snow": draw_snow,
    "rain": draw_rain,
}
"""Drawing functions from back to front; `painting.backdrop` paints night and sunset."""
