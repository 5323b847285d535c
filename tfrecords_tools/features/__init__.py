"""Vectors of somebody's own network, such as CLIP's, as a source of records."""
