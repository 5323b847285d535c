"""Keras layers of the network, and functions that apply several of them."""

from mmannot_tf.layers.image_normalization import ImageNormalization
from mmannot_tf.layers.multi_hot_dense import MultiHotDense
from mmannot_tf.layers.quantity_selection import QuantitySelection

__all__ = ["ImageNormalization", "MultiHotDense", "QuantitySelection"]
