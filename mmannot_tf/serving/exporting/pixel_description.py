"""How photographs become pixels, in words, for the model card and the formats that take ready pixels."""

from tfrecords_tools.photographs.size_limits import OVERSAMPLING, RATIOS

RESIZES = {
    "antialiased": (
        "bilinear with antialiasing, as `tf.image.resize(…, antialias=True)` and Pillow's BILINEAR. A JPEG "
        "whose shorter side is {reduced} pixels or more is first decoded at a half, a quarter or an eighth "
        "that leaves {least} or more"
    ),
    "half_pixel": "bilinear without antialiasing, sampled at pixel centres",
    "tf1": "bilinear without antialiasing, sampled at corners as TensorFlow 1 did",
}
ORIENTATIONS = {
    "exif": "Photographs are turned upright as their EXIF orientation says",
    "ignored": "The EXIF orientation is not applied: pixels are taken as they are stored",
}


def resize_description(resize: str, size: int) -> str:
    """How photographs are resized to `size` pixels.

    Args:
        resize: a value of the key `data.resize`.
        size: the side of the network's input.
    """
    least = OVERSAMPLING * size
    return RESIZES[resize].format(reduced=RATIOS[1] * least, least=least)


def pixel_description(*, size: int, orientation: str, resize: str) -> str:
    """What the input `image` of the signature `network` holds; the arguments are values of `[data]`."""
    return (
        f"RGB from 0 to 255, not normalised. {ORIENTATIONS[orientation]}. Resize to {size} x {size}: "
        f"{resize_description(resize, size)}."
    )
