"""What each key of `DataSettings` affects. A new key must stand in exactly one of these lists.

Digests are made from these lists: of a stage's inputs (`runs.plan`), of the decoded images
(`data.decoded_cache`) and of an annotator (`serving.model`). So a forgotten key would mean that stale results
are used silently.
"""

PIXELS = ("image_size", "resize", "preprocessing")
"""The network input that is made from an image, in training and after it."""
AUGMENTATION = ("augmentation",)
"""The network input in training only."""
TAGS = ("vocabulary_size",)
"""The tags that are read."""
