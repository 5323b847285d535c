"""What is annotated: photographs and their tags. Does not import TensorFlow."""
