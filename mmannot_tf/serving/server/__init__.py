"""An HTTP server for a model: TensorFlow Serving's REST API, uploads, health and metrics."""
