"""Pretrained backbone weights: where they come from, how they were made, and our file of them."""
