"""Which engine runs a model. Does not import TensorFlow until an engine is opened."""
