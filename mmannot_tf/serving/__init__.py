"""From a trained run to a SavedModel, and annotating with either."""
