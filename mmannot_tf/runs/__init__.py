"""A run on disk: its stages, what is finished and what is stale. No TensorFlow."""
