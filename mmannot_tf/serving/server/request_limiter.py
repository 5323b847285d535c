"""Limits every request, before the routes see it."""

import asyncio
import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmannot_tf.serving.server.errors import RequestError, error_response
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.metrics import Metrics

LOG = logging.getLogger(__name__)
UNKNOWN = "unknown"
"""The route in the metrics of requests that match no route."""


class RequestLimiter:
    """ASGI middleware that limits the number, size and time of requests, counts them and answers failures."""

    def __init__(self, app: ASGIApp, limits: Limits, metrics: Metrics):
        """`app` answers the accepted requests."""
        self._app, self._limits, self._metrics = app, limits, metrics
        self._posts = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request; passes other ASGI events on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange, start = _Exchange(scope, receive, send, self._limits), time.perf_counter()
        post = scope["method"] == "POST"
        self._posts += post
        self._metrics.in_hand.inc()
        try:
            if self._posts > self._limits.requests:
                limit = self._limits.requests
                await exchange.fail(503, f"The server is answering {limit} requests. Try again later.")
            else:
                await self._answer(exchange)
        finally:
            self._posts -= post
            self._metrics.in_hand.dec()
            route = getattr(scope.get("route"), "path", UNKNOWN)
            self._metrics.requests.labels(route, exchange.status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - start)

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
            await exchange.fail(500, "The server failed; see its log.")


class _Exchange:
    """A request and its response.

    Attributes:
        status: of the response; 0 before it has started.
        complete: whether the whole body has arrived.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: Limits):
        self.scope, self._receive, self._send, self._limits = scope, receive, send, limits
        self.status, self.complete, self._bytes = 0, False, 0

    def check_length(self) -> None:
        """Refuses a body whose header announces too many bytes."""
        length = dict(self.scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limits.body_bytes:
            raise self._too_large()

    async def receive(self) -> Message:
        """Returns the next part of the body."""
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        self.complete = not message.get("more_body", False)
        if self._bytes > self._limits.body_bytes:
            raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        """Sends the next part of the response."""
        self.status = message.get("status", self.status)
        await self._send(message)

    async def fail(self, status: int, text: str) -> None:
        """Sends an error, unless a response has started."""
        if not self.status:
            await error_response(status, text)(self.scope, self.receive, self.send)

    def _too_large(self) -> RequestError:
        return RequestError(413, f"A body must have at most {self._limits.body_bytes:,} bytes.")
