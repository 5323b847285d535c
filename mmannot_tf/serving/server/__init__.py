"""An export over HTTP: TensorFlow Serving's REST interface, uploads, health and metrics."""
