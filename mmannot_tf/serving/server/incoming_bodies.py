"""The bodies of requests: they arrive whole before a request takes a place, at a minimum rate."""

import asyncio
import contextlib
from collections.abc import Iterator

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from mmannot_tf.serving.server.errors import RequestError
from mmannot_tf.serving.server.limits import Limits

YOUNG_SECONDS = 1.0
"""A body that arrives for a shorter time has no rate yet."""


class IncomingBody:
    """A body that arrives.

    Attributes:
        started: when it started, by the event loop's clock.
        size: the number of bytes that arrived.
        deadline: when the server gives it up.
        given_up: whether the server gave it up for others.
    """

    def __init__(self, started: float, deadline: asyncio.Timeout):
        """No byte has arrived."""
        self.started, self.deadline, self.size = started, deadline, 0
        self.given_up = False

    def rate(self, now: float) -> float:
        """Returns bytes per second; infinite for a young body."""
        age = now - self.started
        return self.size / age if age >= YOUNG_SECONDS else float("inf")


class IncomingBodies:
    """Receives bodies; bounds their number, their bytes together, their rates and the size of each."""

    def __init__(self, limits: Limits):
        """No body arrives yet."""
        self._limits = limits
        self._arriving: set[IncomingBody] = set()
        self._held = 0

    @contextlib.contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Counts bytes of a request that is answered.

        Raises:
            RequestError: the server holds too many.
        """
        self._held += size
        try:
            self._give_up_slowest()
            yield
        finally:
            self._held -= size

    async def receive(self, receive: Receive) -> bytes:
        """Returns a whole body.

        Raises:
            RequestError: it is too large or too slow, or the server holds too many.
            ClientDisconnect: the client left.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.upload_grace_seconds) as deadline:
                body = IncomingBody(loop.time(), deadline)
                self._arriving.add(body)
                try:
                    return await self._parts(body, receive)
                finally:
                    self._arriving.discard(body)
                    self._held -= body.size
        except TimeoutError:
            rate = self._limits.upload_rate
            raise RequestError(
                408, f"A body must arrive at {rate:,} bytes per second at least. It was slower."
            ) from None

    async def _parts(self, body: IncomingBody, receive: Receive) -> bytes:
        parts = []
        self._give_up_slowest()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part = message.get("body", b"")
            body.size += len(part)
            self._held += len(part)
            if body.size > self._limits.body_bytes:
                raise RequestError(413, f"A body must have at most {self._limits.body_bytes:,} bytes.")
            self._give_up_slowest()
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)
            if body.given_up:
                raise TimeoutError
            seconds = self._limits.upload_grace_seconds + body.size / self._limits.upload_rate
            body.deadline.reschedule(body.started + seconds)

    def _give_up_slowest(self) -> None:
        """Gives up bodies while more arrive, or more bytes are held, than the limits say.

        Raises:
            RequestError: no body arrives that could be given up.
        """
        now = asyncio.get_running_loop().time()
        arriving = [body for body in self._arriving if not (body.given_up or body.deadline.expired())]
        too_many = len(arriving) > self._limits.uploads
        too_large = self._held > self._limits.held_bytes
        if not too_many and not too_large:
            return
        if not arriving:
            raise RequestError(503, "The server holds as many bytes as it can. Try again later.")
        slowest = min(arriving, key=lambda body: (body.rate(now), body.started))
        slowest.given_up = True
        slowest.deadline.reschedule(now)
