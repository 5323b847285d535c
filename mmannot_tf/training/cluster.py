"""The processes that TF_CONFIG names, and the wait until all of them have started.

TensorFlow itself would wait within one call: without a word, deaf to signals, and for an hour. So the
processes find each other first. Each listens on its own address of TF_CONFIG, and asks all others.
"""

import contextlib
import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError

JOBS = ("chief", "worker")
"""The jobs of TF_CONFIG that train, in the order of their processes."""
LIMIT_SECONDS = 1800.0
"""How long processes may take to start (ours): schedulers start some only when others have ended."""
REPORT_SECONDS = 10.0
POLL_SECONDS = 0.5
ANSWER_SECONDS = 2.0


@dataclass(frozen=True)
class Cluster:
    """The processes of one training.

    Attributes:
        addresses: HOST:PORT of each process, in their order.
        process: the number of this process, from 0.
    """

    addresses: tuple[str, ...]
    process: int


def read_cluster(text: str | None) -> Cluster:
    """Reads TF_CONFIG.

    Args:
        text: its value; None where it is not set.

    Raises:
        UserError: it is not as TensorFlow documents it, or names no workers.
    """
    config = _object(text or "{}")
    jobs = config.get("cluster") or {}
    if not isinstance(jobs, Mapping) or not jobs or not set(jobs) <= set(JOBS):
        names = ", ".join(map(str, jobs)) if isinstance(jobs, Mapping) else repr(jobs)
        raise UserError(
            "--strategy multi-worker needs TF_CONFIG to name the workers. Received: "
            f"{names or 'none'}. On one machine `mmannot launch` sets it; docs/distributed.md."
        )
    for job, addresses in jobs.items():
        if not isinstance(addresses, list) or not addresses or not all(map(_is_address, addresses)):
            raise _malformed(f"cluster.{job} {json.dumps(addresses)}, where a list of HOST:PORT must stand")
    job, index = _task(config.get("task"), jobs)
    order = [name for name in JOBS if name in jobs]
    before = sum(len(jobs[name]) for name in order[: order.index(job)])
    return Cluster(tuple(address for name in order for address in jobs[name]), before + index)


def _object(text: str) -> Mapping[str, object]:
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"no JSON ({error})") from None
    if not isinstance(config, Mapping):
        raise _malformed(f"{type(config).__name__} instead of an object")
    return config


def _task(task: object, jobs: Mapping[str, Sequence[str]]) -> tuple[str, int]:
    if not isinstance(task, Mapping):
        raise _malformed("no task")
    job, index = task.get("type"), task.get("index")
    if not isinstance(job, str) or job not in jobs:
        raise _malformed(f"task.type {json.dumps(job)}, which must be one of {', '.join(jobs)}")
    if isinstance(index, str) and index.isdecimal():
        index = int(index)
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(jobs[job]):
        raise _malformed(f"task.index {json.dumps(index)}, which must be 0 to {len(jobs[job]) - 1} for {job}")
    return job, index


def _is_address(address: object) -> bool:
    if not isinstance(address, str):
        return False
    host, _, port = address.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 2**16


def _malformed(received: str) -> UserError:
    return UserError(
        f"TF_CONFIG must be as TensorFlow documents it. Received: {received}. See docs/distributed.md."
    )


def wait_for_all(cluster: Cluster, *, limit: float = LIMIT_SECONDS, report: float = REPORT_SECONDS) -> None:
    """Waits until all processes have started; reports for which. Signals end it at once.

    Args:
        cluster: the processes; alone, this one waits for nothing.
        limit: seconds to wait.
        report: seconds between two lines.

    Raises:
        UserError: not all have started within the limit, or the own address is in use.
    """
    others = [address for number, address in enumerate(cluster.addresses) if number != cluster.process]
    if not others:
        return
    begun = reported = time.monotonic()
    with _listening(cluster.addresses[cluster.process]):
        while missing := [address for address in others if not _answers(address)]:
            now = time.monotonic()
            if now - begun >= limit:
                raise UserError(
                    f"All {len(cluster.addresses)} processes must start within {limit:g} s. Received: no "
                    f"answer from {', '.join(missing)}. Start them, or correct their addresses in TF_CONFIG."
                )
            if now - reported >= report:
                reported = now
                notice(
                    f"process {cluster.process}: waiting for {len(missing)} of {len(cluster.addresses)} "
                    f"processes: {', '.join(missing)} ({now - begun:.0f} of {limit:g} s)"
                )
            time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def _listening(address: str) -> Iterator[None]:
    """Answers the other processes in place of TensorFlow, which listens there afterwards."""
    port = int(address.rpartition(":")[2])
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        server = socket.create_server(("", port), family=family, dualstack_ipv6=both)
    except OSError as error:
        raise UserError(
            f"This process's own address in TF_CONFIG must be free. Received: {address} ({error.strerror}). "
            "Is another process using it?"
        ) from None
    with server:
        yield


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_SECONDS).close()
    except OSError:
        return False
    return True
