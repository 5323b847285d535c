"""Between the network and the routes: what holds for every request, whatever it asks. No TensorFlow."""

import asyncio
import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmannot_tf.serving.server.errors import RequestError, error_response
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.metrics import Metrics

LOG = logging.getLogger(__name__)
UNKNOWN = "unknown"
"""The route of requests that none takes."""


class Guard:
    """Limits the number of requests, bodies and time; counts; no failure is without an answer."""

    def __init__(self, app: ASGIApp, limits: Limits, metrics: Metrics):
        """`app` answers the requests that pass."""
        self._app, self._limits, self._metrics = app, limits, metrics
        self._posts = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange, begun = _Exchange(scope, receive, send, self._limits), time.perf_counter()
        post = scope["method"] == "POST"
        self._posts += post
        self._metrics.in_hand.inc()
        try:
            if self._posts > self._limits.requests:
                await exchange.fail(503, f"{self._limits.requests} requests are in hand. Try again later.")
            else:
                await self._answer(exchange)
        finally:
            self._posts -= post
            self._metrics.in_hand.dec()
            route = getattr(scope.get("route"), "path", UNKNOWN)
            self._metrics.requests.labels(route, exchange.status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - begun)

    async def _answer(self, exchange: "_Exchange") -> None:
        try:
            async with asyncio.timeout(self._limits.seconds):
                exchange.check_length()
                await self._app(exchange.scope, exchange.receive, exchange.send)
        except RequestError as error:
            await exchange.fail(error.status, str(error))
        except TimeoutError:
            status, what = (504, "be answered") if exchange.complete else (408, "arrive")
            await exchange.fail(status, f"A request must {what} within {self._limits.seconds:g} s.")
        except Exception:
            LOG.exception("a request failed")
            await exchange.fail(500, "The server failed; its log says why.")


class _Exchange:
    """One request and its answer.

    Attributes:
        status: of the answer; 0 before there is one.
        complete: whether the whole body has come.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: Limits):
        self.scope, self._receive, self._send, self._limits = scope, receive, send, limits
        self.status, self.complete, self._bytes = 0, False, 0

    def check_length(self) -> None:
        """Turns a body away that announces itself as too large."""
        length = dict(self.scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limits.body_bytes:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next part of the body."""
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        self.complete = not message.get("more_body", False)
        if self._bytes > self._limits.body_bytes:
            raise self._too_large()
        return message

    async def send(self, message: dict[str, Any]) -> None:
        """The next part of the answer."""
        self.status = message.get("status", self.status)
        await self._send(message)

    async def fail(self, status: int, text: str) -> None:
        """Answers with an error, unless an answer has begun."""
        if not self.status:
            await error_response(status, text)(self.scope, self.receive, self.send)

    def _too_large(self) -> RequestError:
        return RequestError(413, f"A body must have at most {self._limits.body_bytes:,} bytes.")
