"""The `mmannot` command line: one thin file a command; TensorFlow is imported only where it is needed."""
