"""Records to batches: decode, resize, normalise, multi-hot."""
