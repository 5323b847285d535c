"""What each key of `DataSettings` affects. A new key must stand in exactly one of these lists.

Digests are made from these lists: of a stage's inputs (`runs.plan`), of the decoded images
(`data.decoded_cache`) and of an annotator (`serving.model`). So a forgotten key would mean that stale results
are used silently.
"""

from collections.abc import Mapping

from mmannot_tf.config.settings import DataSettings

PIXELS = ("image_size", "resize", "preprocessing", "orientation")
"""The network input that is made from an image, in training and after it."""
AUGMENTATION = ("augmentation", "least_crop_area")
"""The network input in training only."""
TAGS = ("vocabulary_size",)
"""The tags that are read."""
FORMER: Mapping[str, str] = {"orientation": "ignored", "resize": "half_pixel"}
"""The values that runs and exports of before these keys, or before their present defaults, were made with.

A run's configuration, a stage's record, a decoded cache or an export that lacks a key has this value.
"""
ADDED = ("orientation",)
"""Keys of `PIXELS` that are newer than the first exports: digests leave them out at their former values."""


def pixel_values(data: DataSettings) -> list[object]:
    """The values that an annotator's digest is made from, in the order of `PIXELS`.

    An annotator that answers as before a key was added keeps its digest.
    """
    values = {key: getattr(data, key) for key in PIXELS}
    return [value for key, value in values.items() if key not in ADDED or value != FORMER[key]]
