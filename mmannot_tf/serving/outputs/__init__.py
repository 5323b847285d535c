"""Where annotations are written: the terminal, files that a second run resumes, XMP sidecars.

Does not import TensorFlow.
"""
