"""`mmannot launch`: several processes of one command on this machine, as workers of one cluster."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Annotated

import typer

GRACE_SECONDS = 30.0
"""How long workers may take to save and exit when they are asked to (ours)."""
POLL_SECONDS = 0.1
PROGRAM = (sys.executable, "-c", "import sys; from mmannot_tf.cli.main import main; sys.exit(main())")


def launch(
    command: Annotated[
        list[str], typer.Argument(metavar="-- COMMAND…", help="What each worker runs: train CONFIG --data …")
    ],
    workers: Annotated[int, typer.Option("--workers", min=1, help="How many processes.")] = 2,
) -> None:
    """Run a command in several processes on this machine, as `--strategy multi-worker`.

    Each line of their output begins with the worker's number. When one fails, the others are ended; Ctrl-C
    and SIGTERM are passed on. The GPUs of the machine are divided among the workers.
    """
    has_strategy = any(word == "--strategy" or word.startswith("--strategy=") for word in command)
    strategy = [] if has_strategy else ["--strategy", "multi-worker"]
    status = run_workers([*PROGRAM, *command, *strategy], workers=workers)
    if status:
        raise typer.Exit(status)


def run_workers(command: Sequence[str], *, workers: int) -> int:
    """Runs a command in each worker and waits for all.

    Args:
        command: program and arguments, the same for all workers; only their TF_CONFIG differs.
        workers: the number of workers.

    Returns:
        0, or the exit status of the first worker that failed (128 + number for a signal).
    """
    processes: list[subprocess.Popen[bytes]] = []
    with _forwarding_signals(processes) as forwarded:  # first, so that a signal never leaves workers behind
        for extra in environments(workers, gpus=local_gpus(os.environ)):
            processes.append(_start(command, extra))
        for number in forwarded:  # signals that came while the last workers were starting
            _signal(processes, number)
        printers = [
            threading.Thread(target=_print, args=(number, pipe, out))
            for number, process in enumerate(processes)
            for pipe, out in ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
        ]
        for printer in printers:
            printer.start()
        status = _first_failure(processes, forwarded)
    for printer in printers:
        printer.join()
    return status


def environments(workers: int, *, gpus: Sequence[str]) -> list[dict[str, str]]:
    """Each worker's additional environment: TF_CONFIG with free loopback ports, and its part of the GPUs."""
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(workers)]
    each = len(gpus) // workers
    return [
        {
            "TF_CONFIG": json.dumps(
                {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
            ),
            **({"CUDA_VISIBLE_DEVICES": ",".join(gpus[number * each :][:each])} if gpus else {}),
        }
        for number in range(workers)
    ]


def local_gpus(environment: Mapping[str, str], devices: Path = Path("/dev")) -> list[str]:
    """The machine's GPUs as CUDA names them: those that CUDA_VISIBLE_DEVICES leaves, or all."""
    if "CUDA_VISIBLE_DEVICES" in environment:
        return [name for name in environment["CUDA_VISIBLE_DEVICES"].split(",") if name]
    matches = [re.fullmatch(r"nvidia(\d+)", file.name) for file in devices.iterdir()]
    return sorted((match[1] for match in matches if match), key=int)


def _start(command: Sequence[str], extra: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        env={**os.environ, **extra},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches them once, from `_forwarding_signals`
    )


def _signal(processes: Sequence[subprocess.Popen[bytes]], number: int) -> None:
    for process in processes:
        process.send_signal(number)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]


def _print(number: int, pipe: IO[bytes], out: IO[str]) -> None:
    with pipe:
        for line in pipe:
            out.write(f"[{number}] {line.decode(errors='replace').rstrip()}\n")
            out.flush()


@contextlib.contextmanager
def _forwarding_signals(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[list[int]]:
    """Forwards SIGINT and SIGTERM to all processes; yields the list of forwarded signals."""
    forwarded: list[int] = []

    def forward(number: int, _frame: object) -> None:
        forwarded.append(number)
        _signal(processes, number)

    before = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield forwarded
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _first_failure(processes: Sequence[subprocess.Popen[bytes]], forwarded: Sequence[int]) -> int:
    """Waits until all have ended; ends the others if one fails."""
    while True:
        ended = [process.returncode for process in processes if process.poll() is not None]
        failures = [status for status in ended if status]
        if failures:
            _end(processes, ask=not forwarded)
            return failures[0] if failures[0] > 0 else 128 - failures[0]
        if len(ended) == len(processes):
            return 0
        time.sleep(POLL_SECONDS)


def _end(processes: Sequence[subprocess.Popen[bytes]], *, ask: bool) -> None:
    """Terminates the processes if `ask` (a second signal would prevent saving); kills those that stay."""
    for process in processes if ask else ():
        process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes:
        try:
            process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
