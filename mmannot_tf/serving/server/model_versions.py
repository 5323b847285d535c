"""Which version of a model answers: the newest one, and older ones until their requests are answered."""

import asyncio
import contextlib
from collections.abc import Iterator

from starlette.types import Scope

from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.server.decoding_threads import DecodingThreads
from mmannot_tf.serving.server.errors import RequestError
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.metrics import Metrics
from mmannot_tf.serving.server.model_document import model_document
from mmannot_tf.serving.server.predictor import Predictor
from mmannot_tf.serving.server.request_facts import facts_of
from mmannot_tf.serving.server.signatures import signatures

OF_A_RUN = "1"
"""The version of a model that has none."""


class ModelVersion:
    """A loaded version of a model.

    Attributes:
        number: of the version, as its folder is called.
        engine: the name of the engine that runs it.
        annotator: the model with its engine.
        predictor: runs it for requests.
        signatures: its signatures by name.
        document: what `/model` says of it.
    """

    def __init__(
        self,
        name: str,
        annotator: Annotator,
        *,
        limits: Limits,
        metrics: Metrics,
        decoding: DecodingThreads,
    ):
        """Takes the model's name in paths, and an annotator that has selected its engine."""
        folder = annotator.model.path.name
        self.number = folder if folder.isdecimal() else OF_A_RUN
        self.engine = "" if annotator.engine is None else annotator.engine.name
        self.annotator = annotator
        self.predictor = Predictor(annotator, limits, metrics.of_model(name, self.engine), decoding)
        self.signatures = signatures(annotator)
        self.document = model_document(annotator.model, self.number)
        self._requests = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Counts a request that this version answers."""
        self._requests += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._requests -= 1
            if not self._requests:
                self._idle.set()

    async def drained(self) -> None:
        """Waits until this version answers no request."""
        await self._idle.wait()


class LiveModel:
    """A served model: owns which of its versions answers. To be used on the server's event loop.

    Attributes:
        name: the model's name in paths.
        current: the version that answers new requests.
        draining: older versions that still answer requests.
    """

    def __init__(self, name: str, first: ModelVersion, metrics: Metrics):
        """`first` answers until `replace` is called; `metrics` tell the loaded versions."""
        self.name, self.current, self._metrics = name, first, metrics
        self.draining: list[ModelVersion] = []

    async def start(self) -> None:
        """Starts to answer."""
        await self.current.predictor.start()
        self._tell(self.current, loaded=True)

    async def stop(self) -> None:
        """Stops; all requests must be answered before."""
        await self.current.predictor.stop()

    @contextlib.contextmanager
    def acquire(self, scope: Scope, version: str | None = None) -> Iterator[ModelVersion]:
        """Yields the version that answers a request from its begin to its end, and notes it there.

        Args:
            scope: of the request.
            version: the one that the request asks for; None for the current one.

        Raises:
            RequestError: the request asks for another version than the current one.
        """
        chosen = self.current
        if version not in (None, chosen.number):
            raise not_found(self.name, version)
        facts = facts_of(scope)
        facts.model, facts.version, facts.engine = self.name, chosen.number, chosen.engine
        with chosen.in_use():
            yield chosen

    async def replace(self, new: ModelVersion) -> None:
        """Lets a version answer all new requests; returns when the former one has answered its last."""
        await new.predictor.start()
        former, self.current = self.current, new
        self._tell(new, loaded=True)
        self.draining.append(former)
        await former.drained()
        await former.predictor.stop()
        self.draining.remove(former)
        self._tell(former, loaded=False)

    def _tell(self, version: ModelVersion, *, loaded: bool) -> None:
        labels = (self.name, version.number, version.engine, version.annotator.model.digest)
        if loaded:
            self._metrics.model_info.labels(*labels).set(1)
        else:
            self._metrics.model_info.remove(*labels)


def not_found(name: str, version: str | None) -> RequestError:
    """The error of a request for a model or version that does not answer, in TensorFlow Serving's words."""
    wanted = f"Latest({name[:50]})" if version is None else f"Specific({name[:50]}, {version[:20]})"
    return RequestError(404, f"Servable not found for request: {wanted}")
