"""How a server runs, apart from its models and its port."""

from dataclasses import dataclass, field

from mmannot_tf.serving.server.access_log import AccessLog
from mmannot_tf.serving.server.host_policy import HostPolicy
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.memory_limit import MemoryLimit

WATCH_SECONDS = 5.0


@dataclass(frozen=True)
class ServerOptions:
    """The options of a server.

    Attributes:
        hosts: which hosts requests may name.
        limits: what a request may ask for.
        watch_seconds: between two looks for new versions; 0 for none.
        access_log: gets a line for each request; None for no log.
        log_level: the lowest level of the lines on stderr, a name of Python's logging.
        memory: what the process may have; it lowers the limits when the models are loaded.
    """

    hosts: HostPolicy
    limits: Limits = field(default_factory=Limits)
    watch_seconds: float = WATCH_SECONDS
    access_log: AccessLog | None = None
    log_level: str = "info"
    memory: MemoryLimit = field(default_factory=lambda: MemoryLimit(None))
