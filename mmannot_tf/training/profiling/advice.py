"""Advice from a profile: what would make the training faster."""

from mmannot_tf.config.settings import Config
from mmannot_tf.training.profiling.profile import INPUT_BOUND, Profile


def advice(profile: Profile, config: Config) -> str:
    """Says what would make the training faster; names settings and options."""
    if profile.waiting > INPUT_BOUND >= profile.explained:
        return (
            f"The input alone accounts for at most {profile.explained:.0%}: something else slowed this "
            "machine down meanwhile. Measure again, with more --steps."
        )
    if not profile.input_bound:
        return (
            "A faster step would help: a faster device, --strategy mirrored on several, training.precision, "
            "a smaller data.image_size or model.backbone. A faster input would not."
        )
    cache = _faster_cache(config)
    advice_for = {
        "read": f"Reading is too slow: faster storage for --data, more shards{cache}.",
        "decode": f"Decoding is too slow: more CPU cores{cache}.",
        "batches": f"Putting batches together is too slow: more CPU cores{cache}.",
        None: f"Each part keeps up alone, but shares the CPU with the step: more CPU cores, a GPU{cache}.",
    }
    return advice_for[profile.slowest]


def _faster_cache(config: Config) -> str:
    if config.data.augmentation in ("crop", "crop-flip"):
        return ', or data.decoded_cache without crops (data.augmentation = "flip")'
    options = {"none": '"memory" or "disk"', "disk": '"memory"'}.get(config.data.decoded_cache)
    return f", or data.decoded_cache = {options}" if options else ""
