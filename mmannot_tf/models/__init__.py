"""The branches of the network and their assembly; each file builds one Keras functional model."""
