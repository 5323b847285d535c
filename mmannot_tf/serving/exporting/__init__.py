"""Writing an export: the SavedModel module, its verification and its model card. Imports TensorFlow."""
