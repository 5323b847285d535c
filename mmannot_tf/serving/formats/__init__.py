"""The formats of an export, one file each: how to write it and how to run it. Imports TensorFlow."""
