"""Reads the EXIF orientation of a JPEG or PNG in a TensorFlow graph, so that a SavedModel does it as well.

Orientation comes from EXIF alone, as in browsers and libjpeg's tools. XMP's `tiff:Orientation`, which Pillow
reads and browsers ignore, and the text chunks "Raw profile type exif" of old PNG writers are not read.
"""

from collections.abc import Callable

import tensorflow as tf

from tfrecords_tools.photographs.stated_orientation import (
    BYTES_PER_CHUNK,
    EXIF,
    EXIF_CHUNK,
    LONG,
    MAX_CHUNKS,
    MAX_ENTRIES,
    MAX_SEGMENTS,
    ORIENTATION_TAG,
    SEARCHED_BYTES,
    SHORT,
    UPRIGHT,
)

_LONGEST = 2**31 - 2**8
"""So much of a length is added to a position: more would overflow."""
_WALKING, _FOUND, _ENDED = 0, 1, 2

Step = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""Reads the part of a file at a position; returns its length and the state of the walk, int32 []."""


def orientation_of(encoded: tf.Tensor) -> tf.Tensor:
    """The orientation of an image as EXIF states it.

    Args:
        encoded: bytes of a JPEG or PNG, string []. Broken ones, and anything else, raise no error.

    Returns:
        1 to 8, int32 []; 1 if there is no EXIF, or it is broken or states another number.
    """
    return tf.cond(may_be_turned(encoded), lambda: _stated(encoded), _upright)


def may_be_turned(encoded: tf.Tensor) -> tf.Tensor:
    """Whether the name of EXIF's part stands anywhere; far faster than the walk that decides where it counts.

    Args:
        encoded: bytes, string [].

    Returns:
        bool []; False only if `orientation_of` is 1.
    """
    jpeg = tf.io.is_jpeg(encoded)
    name = tf.where(jpeg, EXIF, EXIF_CHUNK)
    searched = tf.strings.substr(encoded, 0, tf.where(jpeg, SEARCHED_BYTES, _LONGEST))
    parts = tf.raw_ops.StringSplitV2(input=searched[tf.newaxis], sep=name, maxsplit=1)
    return tf.size(parts.values) > 1


@tf.function(
    input_signature=[tf.TensorSpec([], tf.string)],
    # Inlined, its operations would take time for images without EXIF as well.
    experimental_attributes={"_noinline": True},
)
def _stated(encoded: tf.Tensor) -> tf.Tensor:
    """The orientation of an image, found by walking through its parts."""
    content = tf.cond(tf.io.is_jpeg(encoded), lambda: _jpeg_exif(encoded), lambda: _png_exif(encoded))
    return _of_tiff(content)


def _upright() -> tf.Tensor:
    return tf.constant(UPRIGHT)


def _jpeg_exif(encoded: tf.Tensor) -> tf.Tensor:
    """The TIFF file in the first APP1 segment with Exif before the pixels; empty if there is none."""

    def step(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        marker, length = tf.unstack(_numbers(encoded, position, tf.uint16, count=2))
        # Between segments libjpeg skips bytes that are no marker; FFFF fills, FFD0 to FFD8 have no length.
        unmarked = (marker <= 0xFF00) | (marker == 0xFFFF)
        single = (marker >= 0xFFD0) & (marker <= 0xFFD8)
        exif = (marker == 0xFFE1) & (_bytes(encoded, position + 4, len(EXIF)) == EXIF)
        pixels = (marker == 0xFFD9) | (marker == 0xFFDA)
        return (
            tf.where(unmarked, 1, tf.where(single, 2, 2 + length)),
            tf.where(exif, _FOUND, tf.where(pixels, _ENDED, _WALKING)),
        )

    position, state = _walk(encoded, step, start=2, limit=MAX_SEGMENTS)
    length = _numbers(encoded, position + 2, tf.uint16, count=1)[0] - 2 - len(EXIF)
    return _content(encoded, position + 4 + len(EXIF), length, state)


def _png_exif(encoded: tf.Tensor) -> tf.Tensor:
    """The content of the first eXIf chunk, which may stand behind the pixels; empty if there is none."""

    def step(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        length = _numbers(encoded, position, tf.int32, count=1)[0]
        kind = _bytes(encoded, position + 4, 4)
        ended = (kind == b"IEND") | (length < 0)
        return 12 + tf.minimum(length, _LONGEST), tf.where(
            kind == EXIF_CHUNK, _FOUND, tf.where(ended, _ENDED, _WALKING)
        )

    limit = tf.maximum(MAX_CHUNKS, tf.strings.length(encoded) // BYTES_PER_CHUNK)
    position, state = _walk(encoded, step, start=8, limit=limit)
    length = _numbers(encoded, position, tf.int32, count=1)[0]
    return _content(encoded, position + 8, length, state)


def _walk(
    encoded: tf.Tensor, step: Step, *, start: int, limit: tf.Tensor | int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Steps through the parts of a file; returns the position of the last one and the state of the walk."""
    size = tf.strings.length(encoded)

    def going_on(position: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        return tf.equal(state, _WALKING) & (position < size)

    def body(position: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        length, state = step(position)
        rest = size - position  # before the sum, which a length near 2^31 would overflow
        onward = tf.where(tf.equal(state, _WALKING), tf.minimum(length, rest), 0)
        return position + onward, state

    begin = (tf.constant(start), tf.constant(_WALKING))
    position, state = tf.while_loop(going_on, body, begin, maximum_iterations=limit)
    return position, state


def _content(encoded: tf.Tensor, position: tf.Tensor, length: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
    wanted = tf.where(tf.equal(state, _FOUND), tf.maximum(length, 0), 0)
    return _bytes(encoded, position, wanted)


def _of_tiff(content: tf.Tensor) -> tf.Tensor:
    """The orientation in the first directory of a TIFF file, which Exif's own header may precede."""
    start = tf.where(_bytes(content, 0, len(EXIF)) == EXIF, len(EXIF), 0)
    tiff = _bytes(content, start, tf.strings.length(content))
    header = _bytes(tiff, 0, 4)
    return tf.case(
        [
            (header == b"II*\0", lambda: _of_directory(tiff, little_endian=True)),
            (header == b"MM\0*", lambda: _of_directory(tiff, little_endian=False)),
        ],
        default=_upright,
    )


def _of_directory(tiff: tf.Tensor, *, little_endian: bool) -> tf.Tensor:
    """The orientation in the first directory of a TIFF file of known byte order."""
    size = tf.strings.length(tiff)
    start = _numbers(tiff, 4, tf.int32, count=1, little_endian=little_endian)[0]
    start = tf.where((start < 0) | (start > size), size, start)
    entries = _numbers(tiff, start, tf.uint16, count=1, little_endian=little_endian)[0]
    entries = tf.clip_by_value(entries, 1, MAX_ENTRIES)
    # Six words an entry: tag, type, a count of two words, and a value of two words, of which SHORT uses one.
    words = _numbers(tiff, start + 2, tf.uint16, count=6 * entries, little_endian=little_endian)
    tag, kind, *count_and_value = tf.unstack(tf.reshape(words, [-1, 6]), axis=1)
    low, high = (0, 1) if little_endian else (1, 0)
    count, value = count_and_value[:2], count_and_value[2:]
    single = tf.equal(count[low], 1) & tf.equal(count[high], 0)
    short = tf.equal(kind, SHORT)
    long = tf.equal(kind, LONG) & tf.equal(value[high], 0)
    stated = tf.where(short, value[0], value[low])
    valid = tf.equal(tag, ORIENTATION_TAG) & single & (short | long) & (stated >= 1) & (stated <= 8)
    found = tf.reduce_max(tf.where(valid, stated, 0))
    return tf.maximum(found, UPRIGHT)


def _bytes(encoded: tf.Tensor, position: tf.Tensor | int, length: tf.Tensor | int) -> tf.Tensor:
    """Up to `length` bytes from `position` on: fewer at the end, none behind it."""
    return tf.strings.substr(encoded, tf.minimum(position, tf.strings.length(encoded)), length)


def _numbers(
    encoded: tf.Tensor,
    position: tf.Tensor | int,
    dtype: tf.DType,
    *,
    count: tf.Tensor | int,
    little_endian: bool = False,
) -> tf.Tensor:
    """Numbers from `position` on, int32 [count]; zeros behind the end."""
    length = count * dtype.size
    numbers = tf.io.decode_raw(
        _bytes(encoded, position, length), dtype, little_endian=little_endian, fixed_length=length
    )
    return tf.cast(numbers, tf.int32)
