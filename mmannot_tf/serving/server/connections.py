"""The server's connections: their number, their requests' headers in time, and early responses that arrive.

uvicorn has no limit on the time that headers take, nor on connections of one address. Of the other servers,
hypercorn has a read timeout that every byte starts again, and granian serves from processes of its own. So
these are uvicorn's connections with the limits added.
"""

import asyncio
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from mmannot_tf.serving.server.errors import error_response
from mmannot_tf.serving.server.limits import Limits

LOG = logging.getLogger(__name__)


class Connections:
    """The open connections; closes those that wait too long, and some when there are too many."""

    def __init__(self, limits: Limits, *, most: int):
        """`most` connections may be open, and of one address as many as `limits` says."""
        self.limits, self._most = limits, most
        self._open: list[Connection] = []

    def add(self, new: "Connection") -> None:
        """Adds a connection; with too many, closes the one that has waited longest without a request."""
        self._open.append(new)
        same = [connection for connection in self._open if connection.address == new.address]
        for among, most in ((same, self.limits.address_connections), (self._open, self._most)):
            if len(among) > most:
                self._close_one(among, new)
                return

    def remove(self, connection: "Connection") -> None:
        """Forgets a connection."""
        if connection in self._open:
            self._open.remove(connection)

    def check(self) -> None:
        """Closes the connections whose time is over."""
        for connection in [*self._open]:
            connection.check()

    def _close_one(self, among: Iterable["Connection"], new: "Connection") -> None:
        idle = [connection for connection in among if connection.idleness and connection is not new]
        victim = max(idle, key=lambda connection: (connection.idleness, -connection.since), default=new)
        LOG.warning("more connections than the server takes: the one that waited longest was closed")
        self.remove(victim)
        victim.abort()


class Connection(H11Protocol):
    """A connection that must send its headers in time, and reads on after an early response.

    Attributes:
        address: of the client.
        since: when it began to wait for a request, or to close; by the event loop's clock.
    """

    address = ""
    since = 0.0
    _connections: Connections
    _first_byte = False
    _dropped = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Counts the connection."""
        self._connections = cast(Any, self.config).connections
        self._real_transport = transport
        super().connection_made(cast(asyncio.Transport, LingeringTransport(transport, self)))
        self.address = self.client[0] if self.client else ""
        self.since = self.loop.time()
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        self._connections.remove(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads a request; drops what follows an early response."""
        if self.transport.is_closing():
            self._dropped += len(data)
            if self._dropped > self._connections.limits.linger_bytes:
                self.abort()
            return
        if self._waits and not self._first_byte:
            self._first_byte, self.since = True, self.loop.time()
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Starts to wait for the next request."""
        self.since, self._first_byte = self.loop.time(), False
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answers what is not HTTP, in JSON."""
        self.fail(400, msg)

    def fail(self, status: int, text: str) -> None:
        """Answers a request that never reached the application, and closes."""
        if not self._waits:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = error_response(status, text)
            headers = [*response.raw_headers, (b"connection", b"close")]
            for event in (
                h11.Response(status_code=status, headers=headers, reason=HTTPStatus(status).phrase),
                h11.Data(data=bytes(response.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def abort(self) -> None:
        """Closes at once."""
        self._real_transport.abort()

    def check(self) -> None:
        """Closes a connection whose time is over."""
        seconds = self.loop.time() - self.since
        if self.transport.is_closing():
            if seconds > self._connections.limits.linger_seconds:
                self.abort()
        elif self._waits and seconds > self._connections.limits.header_seconds:
            if self.has_unread:
                limit = self._connections.limits.header_seconds
                self.fail(408, f"The headers of a request must arrive within {limit:g} s.")
            else:
                self.transport.close()

    @property
    def idleness(self) -> int:
        """How little is lost with the connection: 2 without a request, 1 while a body arrives, else 0."""
        if self._waits or self.transport.is_closing():
            return 2
        return int(self.cycle.more_body)

    @property
    def has_unread(self) -> bool:
        """Whether the client may be sending the rest of a request."""
        state = self.conn.their_state
        return state in (h11.SEND_BODY, h11.ERROR) or (state is h11.IDLE and bool(self.conn.trailing_data[0]))

    @property
    def _waits(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete


class LingeringTransport:
    """A transport that closes for writing first, while the client may be sending the rest of a request.

    Closing at once would reset the connection, and the client would lose the response that it was sent.
    """

    def __init__(self, transport: asyncio.Transport, connection: Connection):
        """Closes `transport` at once when nothing of the connection's request is unread."""
        self._transport, self._connection = transport, connection
        self._lingers = False

    def __getattr__(self, name: str) -> object:
        """Passes everything else on."""
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether `close` was called."""
        return self._lingers or self._transport.is_closing()

    def close(self) -> None:
        """Closes; the second time at once."""
        if self.is_closing() or not self._connection.has_unread:
            self._connection.since = self._connection.loop.time()
            self._transport.close()
            return
        self._lingers = True
        self._connection.since = self._connection.loop.time()
        self._transport.write_eof()
        self._transport.resume_reading()
