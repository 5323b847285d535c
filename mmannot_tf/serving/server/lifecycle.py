"""Runs the server: selects the engine, opens the port, answers open requests before it stops."""

import contextlib
import math
import resource
import signal
import socket
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

import uvicorn

from mmannot_tf.serving.server.application import application
from mmannot_tf.serving.server.connections import Connection, Connections
from mmannot_tf.serving.server.garbage import set_aside
from mmannot_tf.serving.server.host_policy import EVERY_ADDRESS
from mmannot_tf.serving.server.options import ServerOptions
from mmannot_tf.serving.server.repeated_lines import set_up_log
from mmannot_tf.serving.server.served_model import ServedModel, warm
from tfrecords_tools.shell.errors import StoppedBySignal, UserError

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
MAX_BACKLOG = 128
ROUNDS = 4
"""The event loop may accept a backlog of connections in each of so many rounds before one too many closes."""
OTHER_FILES = 32
"""Files that the process opens beside its connections, as for an engine."""
OPEN_FILES = Path("/proc/self/fd")


class ServerConfig(uvicorn.Config):
    """uvicorn's settings, and the connections that they allow.

    Attributes:
        connections: the open connections of the server.
    """

    def __init__(self, served: Sequence[ServedModel], options: ServerOptions):
        """Allows as many connections as the process may open files; the arguments are `application`'s."""
        limits = options.limits
        spare = _spare_files()
        backlog = max(1, min(MAX_BACKLOG, spare // (2 * ROUNDS)))
        self.connections = Connections(limits, most=max(1, min(limits.connections, spare - ROUNDS * backlog)))
        super().__init__(
            application(served, options),
            http=Connection,
            ws="none",
            log_config=None,
            log_level=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=backlog,
            h11_max_incomplete_event_size=limits.header_bytes,
            timeout_graceful_shutdown=math.ceil(limits.seconds),
        )


class Server(uvicorn.Server):
    """Reports that the port is open, checks its connections, and stops by SIGHUP too."""

    def __init__(self, config: ServerConfig, opened: Callable[[], None]):
        """`opened` is called when the port is open."""
        super().__init__(config)
        self._opened, self._connections = opened, config.connections

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the port."""
        await super().startup(sockets)
        if self.started:
            self._opened()

    async def on_tick(self, counter: int) -> bool:
        """Closes the connections whose time is over."""
        self._connections.check()
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Stops by SIGHUP as by SIGTERM, unless it is ignored, as under nohup."""
        with super().capture_signals():
            if signal.getsignal(signal.SIGHUP) is not _stop:
                yield
                return
            signal.signal(signal.SIGHUP, self.handle_exit)
            try:
                yield
            finally:
                signal.signal(signal.SIGHUP, _stop)


def serve(
    served: Sequence[ServedModel],
    *,
    host: str,
    port: int,
    options: ServerOptions,
    log: Callable[[str], None],
) -> None:
    """Serves until a signal arrives; then answers the open requests and accepts no others.

    Args:
        served: the models; their engines are selected on a batch of made images before the port is opened.
        host: address to listen on.
        port: to listen on; 0 for any free port.
        options: how the server runs.
        log: receives a line with the server's address, and one with the allowed hosts of a server that
            listens on every address.

    Raises:
        UserError: the port cannot be opened, the engine is unavailable, or the memory limit leaves too little
            for requests.
        StoppedBySignal: by SIGTERM, SIGINT or SIGHUP, when the open requests were answered.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN or number is not signal.SIGHUP:
            signal.signal(number, _stop)
    with _bound(host, port) as bound:
        for model in served:
            warm(model.annotator)
        lowered = options.memory.limits(options.limits)
        if lowered != options.limits:
            log(options.memory.describe(lowered))
        options = replace(options, limits=lowered)
        set_up_log(options.log_level)
        if host in EVERY_ADDRESS:
            log(f"allowed hosts: {options.hosts}; --allowed-host allows another name")
        server = Server(ServerConfig(served, options), lambda: log(_address(bound, served[0].name)))
        set_aside()
        server.run(sockets=[bound])


def _spare_files() -> int:
    """Returns how many connections the process can open beside its other files."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        allowed = 1 << 20
    opened = len([*OPEN_FILES.iterdir()]) if OPEN_FILES.exists() else 0
    return max(ROUNDS + 1, allowed - opened - OTHER_FILES)


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


def _address(bound: socket.socket, name: str) -> str:
    host, port = bound.getsockname()[:2]
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return f"serving on {root}/v1/models/{name}; a page to try it: {root}/"


def _stop(number: int, _: FrameType | None) -> None:
    raise StoppedBySignal("stopped: the open requests were answered", signal_number=number)
