"""Which names of the server, and which pages, a browser may use to reach it.

A page of any site can make its own name lead to this machine (DNS rebinding) and then read what the server
answers; the Host header shows that name. A page of another site can post forms here; the Origin header shows
the site.
"""

import ipaddress
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import Scope

from mmannot_tf.serving.server.errors import RequestError, short_repr

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
EVERY_ADDRESS = frozenset({"0.0.0.0", "::", ""})
"""What `--host` says to listen on every address of the machine."""
ANY_HOST = "*"
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class HostPolicy:
    """Refuses requests for other hosts and posts from other sites.

    Attributes:
        names: the allowed hosts, lower-case; "*" allows all, and posts from all sites.
        named: those of them that the user named; pages of these may post although a proxy changed the Host.
        any_address: whether every IP address is allowed; only names can be rebound.
    """

    names: Collection[str]
    named: Collection[str] = ()
    any_address: bool = False

    @classmethod
    def for_server(cls, host: str, allowed: Sequence[str]) -> "HostPolicy":
        """Allows the loopback names, the host that the server listens on, and those in `allowed`.

        A server on every address also takes its addresses and the machine's name.
        """
        named = {_normalised(name) for name in allowed}
        everywhere = host in EVERY_ADDRESS
        own = {socket.gethostname().lower()} if everywhere else {_normalised(host)}
        return cls(LOOPBACK | own | named, named, everywhere)

    def __str__(self) -> str:
        """Names the allowed hosts."""
        if ANY_HOST in self.names:
            return "every host"
        return ", ".join(sorted(self.names)) + (" and every IP address" if self.any_address else "")

    def check(self, scope: Scope) -> None:
        """Checks a request's Host, and the Origin of a post.

        Raises:
            RequestError: one is not allowed.
        """
        if ANY_HOST in self.names:
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if host and not self._allows(host):
            raise RequestError(
                421,
                f"The Host must be one of {self}. Received: {short_repr(host)}. Start with --allowed-host.",
            )
        origin = headers.get(b"origin", "")
        if scope["method"] == "POST" and origin and not self._is_own(origin, host):
            raise RequestError(
                403, f"Only this server's own page may post to it. Received: Origin {short_repr(origin)}."
            )

    def _allows(self, host: str) -> bool:
        name, _ = _name_and_port(f"http://{host}")
        return name in self.names or (self.any_address and _is_address(name))

    def _is_own(self, origin: str, host: str) -> bool:
        scheme = origin.partition(":")[0].lower()
        name, port = _name_and_port(origin)
        return bool(name) and (name in self.named or (name, port) == _name_and_port(f"{scheme}://{host}"))


def _normalised(name: str) -> str:
    return name.strip().strip("[]").rstrip(".").lower()


def _name_and_port(url: str) -> tuple[str, int | None]:
    """Returns the host of a URL and its port; an empty host if it has none."""
    try:
        parts = urlsplit(url)
        if parts.path or parts.query or parts.fragment or parts.username is not None:
            return "", None
        return _normalised(parts.hostname or ""), parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return "", None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
