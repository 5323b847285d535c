"""Annotating photographs: decoding on threads, batches through an engine. Imports TensorFlow."""
