"""What a server counts, for Prometheus. No TensorFlow."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
BATCHES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counters of one server, in a registry of its own.

    Attributes:
        requests: answered requests, by route and status.
        seconds: how long they took, by route.
        in_hand: requests that are not answered yet.
        batch_images: images a forward pass.
    """

    def __init__(self):
        """Nothing counted yet."""
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "mmannot_requests", "Answered requests.", ("route", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "mmannot_request_seconds",
            "From a request to its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self.in_hand = Gauge(
            "mmannot_requests_in_hand", "Requests not answered yet.", registry=self._registry
        )
        self.batch_images = Histogram(
            "mmannot_batch_images", "Images a forward pass.", buckets=BATCHES, registry=self._registry
        )

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
