"""Limits every request, before the routes see it."""

import asyncio
import logging
import time

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmannot_tf.serving.server import access_log, content_encoding
from mmannot_tf.serving.server.errors import RequestError, error_response
from mmannot_tf.serving.server.incoming_bodies import IncomingBodies
from mmannot_tf.serving.server.metrics import Metrics
from mmannot_tf.serving.server.options import ServerOptions
from mmannot_tf.serving.server.request_facts import ID_HEADER, facts_of

LOG = logging.getLogger(__name__)
UNKNOWN = "unknown"
"""The route in the metrics of requests that match no route."""
CLOSE = (b"connection", b"close")
VERSION_HEADER = b"x-mmannot-version"
"""A response's header: the version of the model that answered."""


class RequestLimiter:
    """ASGI middleware that limits the number, size and time of requests, counts them and answers failures."""

    def __init__(self, app: ASGIApp, metrics: Metrics, options: ServerOptions):
        """`app` answers the accepted requests."""
        self._app, self._metrics, self._log = app, metrics, options.access_log
        self._limits, self._hosts, self._memory = options.limits, options.hosts, options.memory
        self._bodies = IncomingBodies(options.limits)
        self._posts = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request; passes other ASGI events on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange, begun, start = _Exchange(scope, receive, send), access_log.now(), time.perf_counter()
        self._metrics.requests_in_hand.inc()
        try:
            await self._answer(exchange)
        finally:
            self._metrics.requests_in_hand.dec()
            self._tell(exchange, begun, time.perf_counter() - start)

    def _tell(self, exchange: "_Exchange", begun: str, seconds: float) -> None:
        """Counts an answered request, and logs it."""
        facts, scope = exchange.facts, exchange.scope
        route = getattr(scope.get("route"), "path", UNKNOWN)
        self._metrics.requests.labels(route, exchange.status, facts.model).inc()
        self._metrics.request_seconds.labels(route, facts.model, facts.engine).observe(seconds)
        if self._log is not None:
            self._log.write(
                {
                    "time": begun,
                    "id": facts.id,
                    "method": scope["method"],
                    "path": scope["path"],
                    "status": exchange.status,
                    "seconds": round(seconds, 6),
                    "images": facts.images,
                    "model": facts.model,
                    "version": facts.version,
                    "bytes": exchange.sent,
                }
            )

    async def _answer(self, exchange: "_Exchange") -> None:
        try:
            async with asyncio.timeout(self._limits.seconds):
                self._hosts.check(exchange.scope)
                if exchange.scope["method"] == "POST":
                    await self._answer_post(exchange)
                else:
                    await self._app(exchange.scope, exchange.receive, exchange.send)
        except RequestError as error:
            await exchange.fail(error.status, str(error))
        except ClientDisconnect:
            await exchange.fail(400, "The client closed the connection before the request was complete.")
        except TimeoutError:
            status, what = (504, "be answered") if exchange.complete else (408, "arrive")
            await exchange.fail(status, f"A request must {what} within {self._limits.seconds:g} s.")
        except Exception:
            LOG.exception("request %s failed", exchange.facts.id)
            await exchange.fail(500, "The server failed; see its log.")

    async def _answer_post(self, exchange: "_Exchange") -> None:
        """Receives the whole body; only then the request takes one of the places."""
        exchange.check_length(self._limits.body_bytes)
        compressed = content_encoding.is_compressed(exchange.scope["headers"])
        body = await self._bodies.receive(exchange.receive)
        places = self._limits.requests
        if self._posts >= places:
            raise RequestError(503, f"The server is answering {places} requests. Try again later.")
        self._memory.check(others=self._posts)
        self._posts += 1
        try:
            if compressed:
                body = await asyncio.to_thread(
                    content_encoding.inflate, body, max_bytes=self._limits.body_bytes
                )
                exchange.drop_header(content_encoding.NAME)
            with self._bodies.holding(len(body)):
                exchange.replay(body)
                await self._app(exchange.scope, exchange.receive, exchange.send)
        finally:
            self._posts -= 1


class _Exchange:
    """A request and its response.

    Attributes:
        scope: of the request.
        facts: what is noted of it.
        status: of the response; 0 before it has started.
        complete: whether the whole body has arrived.
        sent: the number of bytes of the response's body.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send):
        self.scope, self._receive, self._send = scope, receive, send
        self.facts = facts_of(scope)
        headers = dict(scope["headers"])
        self.complete = headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers
        self.status = self.sent = 0
        self._body: bytes | None = None

    def check_length(self, most: int) -> None:
        """Refuses a body whose header announces more than `most` bytes."""
        length = int(dict(self.scope["headers"]).get(b"content-length", b"0")[:20])
        if length > most:
            raise RequestError(413, f"A body must have at most {most:,} bytes. Received: {length:,}.")

    def drop_header(self, name: bytes) -> None:
        """Removes a header that no longer describes the body."""
        self.scope["headers"] = [pair for pair in self.scope["headers"] if pair[0] != name]

    def replay(self, body: bytes) -> None:
        """Makes `receive` return a body that has arrived."""
        self._body = body

    async def receive(self) -> Message:
        """Returns the next part of the body."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        message = await self._receive()
        self.complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Sends the next part of the response; closes the connection if the body has not arrived."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            named = [(ID_HEADER, self.facts.id.encode("ascii"))]
            if self.facts.version:
                named.append((VERSION_HEADER, self.facts.version.encode("ascii")))
            close = [] if self.complete else [CLOSE]
            message = {**message, "headers": [*message.get("headers", []), *named, *close]}
        elif self.scope["method"] != "HEAD":
            self.sent += len(message.get("body", b""))
        await self._send(message)

    async def fail(self, status: int, text: str) -> None:
        """Sends an error, unless a response has started."""
        if not self.status:
            await error_response(status, text)(self.scope, self.receive, self.send)
