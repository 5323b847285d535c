"""The server's life: the engine chosen, a port opened, requests in hand finished at the end."""

import contextlib
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from mmannot_tf.serving.annotate import Annotator
from mmannot_tf.serving.server.application import application
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.verification import probe
from tfrecords_tools.shell.errors import Stopped, UserError

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Server(uvicorn.Server):
    """Tells when the port is open."""

    def __init__(self, config: uvicorn.Config, opened: Callable[[], None]):
        """`opened` is called once."""
        super().__init__(config)
        self._opened = opened

    async def startup(self, sockets: list | None = None) -> None:
        """Opens the port."""
        await super().startup(sockets)
        if self.started:
            self._opened()


def serve(
    annotator: Annotator,
    *,
    host: str,
    port: int,
    name: str,
    limits: Limits,
    tell: Callable[[str], None],
) -> None:
    """Serves until a signal comes; then no request is taken any more, and those in hand are answered.

    Args:
        annotator: the model; its engine is chosen on a batch of made images before the port is opened.
        host: address to listen on.
        port: to listen on; 0 for any that is free.
        name: the model's, in paths.
        limits: what requests may ask for.
        tell: called with a line on where the server is to be found.

    Raises:
        UserError: the port cannot be opened, or the engine not be had.
        Stopped: by SIGTERM or SIGINT, when the requests in hand were answered.
    """
    for number in SIGNALS:
        signal.signal(number, _stop)
    with _bound(host, port) as bound:
        annotator.run(probe(annotator.model)[0])
        server = Server(_config(annotator, name, limits), lambda: tell(_where(bound, name)))
        server.run(sockets=[bound])


def _bound(host: str, port: int) -> socket.socket:
    """A socket that holds its port, and does not listen yet."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with contextlib.ExitStack() as failed:
            bound = failed.enter_context(socket.socket(family, kind, protocol))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            failed.pop_all()
    except OSError as error:
        raise UserError(
            f"--host and --port must be free to listen on. Received: {host}:{port} ({error.strerror})."
        ) from None
    return bound


def _config(annotator: Annotator, name: str, limits: Limits) -> uvicorn.Config:
    return uvicorn.Config(
        application(annotator, name, limits),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=limits.seconds,
    )


def _where(bound: socket.socket, name: str) -> str:
    host, port = bound.getsockname()[:2]
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return f"serving on {root}/v1/models/{name}; a page to try it: {root}/"


def _stop(number: int, _: FrameType | None) -> None:
    raise Stopped("stopped: the requests in hand were answered", signal_number=number)
