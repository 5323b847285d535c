"""The server's Prometheus metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
BATCHES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of one server, in its own registry.

    Attributes:
        requests: answered requests, by route and status.
        seconds: how long they took, by route.
        in_hand: requests that are not answered yet.
        model_info: 1 for each loaded version of a model.
        batch_images: images per forward pass.
        unknown_tags: tags that the model did not know.
    """

    def __init__(self) -> None:
        """Starts at zero."""
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "mmannot_requests", "Answered requests.", ("route", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "mmannot_request_seconds",
            "Seconds from a request to its response.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self.in_hand = Gauge(
            "mmannot_requests_in_hand", "Requests not answered yet.", registry=self._registry
        )
        self.model_info = Gauge(
            "mmannot_model_info",
            "The loaded versions of models and their engines.",
            ("model", "version", "engine", "digest"),
            registry=self._registry,
        )
        self.batch_images = Histogram(
            "mmannot_batch_images", "Images per forward pass.", buckets=BATCHES, registry=self._registry
        )
        self.unknown_tags = Counter(
            "mmannot_unknown_tags",
            "Tags that the model did not know and ignored.",
            registry=self._registry,
        )

    def text(self) -> bytes:
        """Returns the metrics in Prometheus' text format."""
        return generate_latest(self._registry)
