"""The server's Prometheus metrics; names and units follow Prometheus' conventions."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REQUEST_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
PASS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
BATCHES = (1, 2, 4, 8, 16, 32, 64)
OF_MODEL = ("model", "engine")
"""The labels of what a model does."""


@dataclass(frozen=True)
class ModelMetrics:
    """The metrics of one model with one engine.

    Attributes:
        images: that were annotated.
        unreadable_images: that could not be decoded.
        images_in_hand: that are decoded, wait, or are in a forward pass.
        queue_seconds: that a decoded image waits for its forward pass.
        pass_seconds: of a forward pass.
        pass_errors: forward passes that failed.
        batch_images: images per forward pass.
        unknown_tags: tags that the model did not know.
    """

    images: Counter
    unreadable_images: Counter
    images_in_hand: Gauge
    queue_seconds: Histogram
    pass_seconds: Histogram
    pass_errors: Counter
    batch_images: Histogram
    unknown_tags: Counter


class Metrics:
    """The metrics of one server, in its own registry.

    Attributes:
        requests: answered requests, by route, status and model; the model is empty where none answered.
        request_seconds: how long they took, by route, model and engine.
        requests_in_hand: requests that are not answered yet.
        model_info: 1 for each loaded version of a model.
    """

    def __init__(self) -> None:
        """Starts at zero."""
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "mmannot_requests", "Answered requests.", ("route", "status", "model"), registry=registry
        )
        self.request_seconds = Histogram(
            "mmannot_request_duration_seconds",
            "From a request's headers to the end of its response.",
            ("route", *OF_MODEL),
            buckets=REQUEST_SECONDS,
            registry=registry,
        )
        self.requests_in_hand = Gauge(
            "mmannot_requests_in_hand", "Requests not answered yet.", registry=registry
        )
        self.model_info = Gauge(
            "mmannot_model_info",
            "The loaded versions of models and their engines.",
            ("model", "version", "engine", "digest"),
            registry=registry,
        )
        self._images = self._counter("images", "Annotated images.")
        self._unreadable = self._counter("unreadable_images", "Images that could not be decoded.")
        self._in_hand = Gauge(
            "mmannot_images_in_hand",
            "Images that are decoded, wait, or are in a forward pass.",
            OF_MODEL,
            registry=registry,
        )
        self._queue = self._histogram(
            "image_queue_duration_seconds", "That a decoded image waits for its forward pass.", PASS_SECONDS
        )
        self._pass = self._histogram("forward_pass_duration_seconds", "Of a forward pass.", PASS_SECONDS)
        self._pass_errors = self._counter("forward_pass_errors", "Forward passes that failed.")
        self._batches = self._histogram("batch_images", "Images per forward pass.", BATCHES)
        self._unknown_tags = self._counter("unknown_tags", "Tags that a model did not know and ignored.")

    def of_model(self, model: str, engine: str) -> ModelMetrics:
        """Returns the metrics of a model, which all its versions with this engine share."""
        return ModelMetrics(
            images=self._images.labels(model, engine),
            unreadable_images=self._unreadable.labels(model, engine),
            images_in_hand=self._in_hand.labels(model, engine),
            queue_seconds=self._queue.labels(model, engine),
            pass_seconds=self._pass.labels(model, engine),
            pass_errors=self._pass_errors.labels(model, engine),
            batch_images=self._batches.labels(model, engine),
            unknown_tags=self._unknown_tags.labels(model, engine),
        )

    def text(self) -> bytes:
        """Returns the metrics in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(f"mmannot_{name}", text, OF_MODEL, registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"mmannot_{name}", text, OF_MODEL, buckets=buckets, registry=self._registry)
