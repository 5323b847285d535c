"""Multi-modal multi-scale image annotation (Niu et al., arXiv 1709.01220) in TensorFlow/Keras."""

from importlib.metadata import version

__version__ = version("mmannot-tf")
