"""Many clients of `mmannot serve` at once: failed requests, latencies, memory.

    python benchmarks/serve.py EXPORT PHOTOGRAPHS [--clients 16] [--seconds 120] [--engine openvino]

Each client has one connection and sends the next request after each answer: in turn a form with one
photograph and tags, and up to four rows of TensorFlow Serving's API. Server and clients share this machine.
Memory is the server's resident set, sampled twice per second; if it is bounded, the maximum of the second
half is hardly more than that of the first. Exits with status 1 if a request failed. Linux only (/proc).
"""

import base64
import itertools
import json
import re
import statistics
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import httpx
import typer

from mmannot_tf.cli.launch import PROGRAM

MIB = 1 << 20
TAGS = "beach, street, person"


def main(
    export: Annotated[Path, typer.Argument(help="An export, or a run.")],
    folder: Annotated[Path, typer.Argument(metavar="PHOTOGRAPHS", help="A folder of JPEGs.")],
    clients: Annotated[int, typer.Option(help="That ask at once.")] = 16,
    seconds: Annotated[float, typer.Option(help="How long.")] = 120.0,
    engine: Annotated[str, typer.Option(help="As `mmannot serve` takes it.")] = "tensorflow",
    json_file: Annotated[Path | None, typer.Option("--json", help="Where the figures go.")] = None,
) -> None:
    """Prints the figures as JSON."""
    photographs = [file.read_bytes() for file in sorted(folder.glob("*.jpg"))]
    command = [*PROGRAM, "serve", str(export), "--port", "0", "--engine", engine]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            address = server_address(server)
            load = Load(address, photographs, seconds)
            memory = load.run(clients, server.pid)
            batches = _batches(httpx.get(f"{address}/metrics").text)
        finally:
            server.terminate()
        rest = server.stderr.read()
    result = load.figures() | memory | {"images_a_forward_pass": batches, "status": server.returncode}
    typer.echo(json.dumps(result, indent=2))
    if json_file:
        json_file.write_text(json.dumps(result, indent=2) + "\n")
    if load.failed:
        typer.echo(f"failed: {dict(load.failed)}\n{rest}", err=True)
        raise typer.Exit(1)


class Load:
    """Clients that send requests until the time is over.

    Attributes:
        taken: seconds of each answered request.
        images: the number of images in answers.
        failed: the number of failed requests by their error.
    """

    def __init__(self, address: str, photographs: list[bytes], seconds: float):
        """The clients send `photographs` repeatedly."""
        self._address, self._photographs, self._seconds = address, photographs, seconds
        self.taken: list[float] = []
        self.images = 0
        self.failed: Counter[str] = Counter()
        self._lock = threading.Lock()

    def run(self, clients: int, pid: int) -> dict[str, float]:
        """Runs the clients; returns the server's memory in MiB."""
        until = time.perf_counter() + self._seconds
        threads = [threading.Thread(target=self._client, args=(number, until)) for number in range(clients)]
        for thread in threads:
            thread.start()
        sizes = []
        while any(thread.is_alive() for thread in threads):
            sizes.append(_resident(pid))
            time.sleep(0.5)
        half = len(sizes) // 2
        halves = {"first_half": sizes[:half], "second_half": sizes[half:]}
        return {f"memory_mib_{name}": round(max(part) / MIB) for name, part in halves.items() if part}

    def figures(self) -> dict[str, float]:
        """Requests, failures, rates and latencies."""
        cuts = statistics.quantiles(self.taken, n=100)
        return {
            "requests": len(self.taken),
            "failed": sum(self.failed.values()),
            "images_per_second": round(self.images / self._seconds, 1),
            "seconds_median": round(cuts[49], 3),
            "seconds_99": round(cuts[98], 3),
        }

    def _client(self, number: int, until: float) -> None:
        with httpx.Client(base_url=self._address, timeout=60) as client:
            for turn in itertools.count(number):
                begun = time.perf_counter()
                if begun > until:
                    return
                try:
                    count, answer = self._form(client, turn) if turn % 2 else self._rows(client, turn)
                    wrong = None if answer.status_code == 200 else f"status {answer.status_code}"
                except httpx.HTTPError as error:
                    wrong = type(error).__name__
                with self._lock:
                    if wrong:
                        self.failed[wrong] += 1
                    else:
                        self.taken.append(time.perf_counter() - begun)
                        self.images += count

    def _photograph(self, number: int) -> bytes:
        return self._photographs[number % len(self._photographs)]

    def _form(self, client: httpx.Client, turn: int) -> tuple[int, httpx.Response]:
        files = {"images": ("photograph.jpg", self._photograph(turn))}
        return 1, client.post("/annotate", files=files, data={"tags": TAGS})

    def _rows(self, client: httpx.Client, turn: int) -> tuple[int, httpx.Response]:
        images = [self._photograph(turn + number) for number in range(1 + turn // 2 % 4)]
        rows = [{"image": {"b64": base64.b64encode(image).decode()}, "tags": TAGS} for image in images]
        return len(rows), client.post("/v1/models/mmannot:predict", json={"instances": rows})


def server_address(server: subprocess.Popen[str]) -> str:
    """Where a starting server listens, as it says on stderr."""
    for line in server.stderr:
        if match := re.search(r"http://[0-9.]+:\d+", line):
            return match[0]
    raise SystemExit("the server did not start")


def _resident(pid: int) -> int:
    """The resident memory of a process, bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def _batches(metrics: str) -> float:
    """The average number of images per forward pass."""
    count, total = (
        float(re.search(rf"mmannot_batch_images_{name}\{{.*\}} (\S+)", metrics)[1])
        for name in ("count", "sum")
    )
    return round(total / count, 1)


if __name__ == "__main__":
    typer.run(main)
