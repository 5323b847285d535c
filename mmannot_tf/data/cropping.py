"""Random crops of training images; only the cropped part is decoded."""

import tensorflow as tf

from tfrecords_tools.photographs.decoding import DCT, Orientation, decode
from tfrecords_tools.photographs.exif_orientation import orientation_of
from tfrecords_tools.photographs.turning import orient, stored_window, upright_shape

ASPECT = (3 / 4, 4 / 3)
"""The crop of Szegedy et al., "Going Deeper with Convolutions" (2015), Sec. 6: width over height from 3/4 to
4/3 (and 8 % to 100 % of the image's area). TensorFlow draws the aspect, then the height, each evenly."""
ATTEMPTS = 10
"""How often a crop that does not fit is drawn again before the whole image is used, as in TensorFlow's
reference code for ResNet and EfficientNet."""


def random_window(shape: tf.Tensor, seed: tf.Tensor, least_area: float) -> tf.Tensor:
    """A random crop of an image: a pure function of the image's shape and the seed.

    Args:
        shape: the image's height, width and channels, int32 [3].
        seed: int32 [2].
        least_area: the smallest window's share of the image's area, above 0; the largest is the whole image.

    Returns:
        Top, left, height, width, int32 [4].
    """
    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        shape,
        bounding_boxes=tf.zeros([1, 0, 4]),
        seed=tf.random.fold_in(seed, 1),  # other numbers than a flip draws from the same seed
        min_object_covered=0.0,
        aspect_ratio_range=ASPECT,
        area_range=(least_area, 1.0),
        max_attempts=ATTEMPTS,
        use_image_if_no_bounding_boxes=True,
    )
    return tf.concat([begin[:2], size[:2]], axis=0)


def decode_window(
    encoded: tf.Tensor, seed: tf.Tensor, least_area: float, *, orientation: Orientation = "ignored"
) -> tf.Tensor:
    """The pixels of a random window. For a JPEG, only these go through the inverse DCT.

    They equal the pixels of the whole image decoded and then cropped, except for the first and the last
    column where a JPEG stores its colours at half the width (4:2:2, 4:2:0): there libjpeg-turbo has no
    neighbour to interpolate from. JPEGs with full colours (4:4:4, as MS-COCO's) are bit-exact. The window is
    drawn in the upright picture, so it does not depend on how the picture is stored.

    Args:
        encoded: JPEG or PNG bytes, string [].
        seed: of the window, int32 [2].
        least_area: as in `random_window`.
        orientation: as in `decode`.

    Returns:
        uint8 [h, w, 3].
    """

    def decode_and_crop() -> tf.Tensor:
        shape = tf.image.extract_jpeg_shape(encoded)
        if orientation == "ignored":
            window = random_window(shape, seed, least_area)
            return tf.io.decode_and_crop_jpeg(encoded, window, channels=3, dct_method=DCT)
        stated = orientation_of(encoded)
        window = random_window(upright_shape(shape, stated), seed, least_area)
        stored = stored_window(window, shape, stated)
        return orient(tf.io.decode_and_crop_jpeg(encoded, stored, channels=3, dct_method=DCT), stated)

    def decode_then_crop() -> tf.Tensor:
        pixels = decode(encoded, orientation=orientation)
        top, left, height, width = tf.unstack(random_window(tf.shape(pixels), seed, least_area))
        return pixels[top : top + height, left : left + width]

    return tf.cond(tf.io.is_jpeg(encoded), decode_and_crop, decode_then_crop)
