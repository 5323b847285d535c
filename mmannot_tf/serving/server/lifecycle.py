"""Runs the server: selects the engine, opens the port, answers open requests before it stops."""

import contextlib
import math
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.engines.probe import probe_batch
from mmannot_tf.serving.server.application import application
from mmannot_tf.serving.server.limits import Limits
from tfrecords_tools.shell.errors import StoppedBySignal, UserError

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Server(uvicorn.Server):
    """Reports that the port is open."""

    def __init__(self, config: uvicorn.Config, opened: Callable[[], None]):
        """`opened` is called when the port is open."""
        super().__init__(config)
        self._opened = opened

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
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
    log: Callable[[str], None],
) -> None:
    """Serves until a signal arrives; then answers the open requests and accepts no others.

    Args:
        annotator: the model; its engine is selected on a batch of made images before the port is opened.
        host: address to listen on.
        port: to listen on; 0 for any free port.
        name: the model's name in paths.
        limits: what a request may ask for.
        log: receives a line with the server's address.

    Raises:
        UserError: the port cannot be opened, or the engine is unavailable.
        StoppedBySignal: by SIGTERM or SIGINT, when the open requests were answered.
    """
    for number in SIGNALS:
        signal.signal(number, _stop)
    with _bound(host, port) as bound:
        annotator.run(probe_batch(annotator.model)[0])
        server = Server(_config(annotator, name, limits), lambda: log(_address(bound, name)))
        server.run(sockets=[bound])


def _bound(host: str, port: int) -> socket.socket:
    """Returns a socket that is bound to the port and does not listen yet."""
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
        timeout_graceful_shutdown=math.ceil(limits.seconds),
    )


def _address(bound: socket.socket, name: str) -> str:
    host, port = bound.getsockname()[:2]
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return f"serving on {root}/v1/models/{name}; a page to try it: {root}/"


def _stop(number: int, _: FrameType | None) -> None:
    raise StoppedBySignal("stopped: the open requests were answered", signal_number=number)
