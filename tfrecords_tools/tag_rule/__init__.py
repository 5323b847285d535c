"""How a tag is spelled: one rule, for Python and for TensorFlow's graph."""
