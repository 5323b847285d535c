"""Keras layers and tensor functions the models are made of."""
