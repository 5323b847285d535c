"""A build at full size: its rate compared with copying the same bytes by TFDS' writer, and its memory.

    python benchmarks/nus_wide_tree.py --out RAW --labels NUS_WIDE_CSV_FOLDER
    python benchmarks/records_scale.py --raw RAW --json scale.json

Each side runs in a separate process, in turn. A side's memory is the largest sum over the process and its
children, sampled ten times per second; shared pages count once. Needs the extra `bench`.
"""

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

SIDES = ("copy", "build")


def main(
    raw: Annotated[Path, typer.Option(help="NUS-WIDE's official layout.")],
    pairs: Annotated[int, typer.Option(help="Times each side runs.")] = 1,
    workers: Annotated[int | None, typer.Option(help="Processes that read images.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where the figures go.")] = None,
) -> None:
    """Runs both sides and prints seconds, images per second, the ratio of the rates and the peak memory."""
    figures = {side: [] for side in SIDES}
    for _ in range(pairs):
        for side in SIDES:
            figures[side].append(measured(side, raw, workers))
            typer.echo(f"{side}: {figures[side][-1]}", err=True)
    seconds = {side: statistics.median(figure["seconds"] for figure in figures[side]) for side in SIDES}
    result = {
        "runs": figures,
        "images": figures["build"][0]["images"],
        "build_rate_over_copy_rate": seconds["copy"] / seconds["build"],
        "build_peak_mib": max(figure["peak_mib"] for figure in figures["build"]),
    }
    typer.echo(json.dumps(result, indent=2))
    if json_file:
        json_file.write_text(json.dumps(result, indent=2) + "\n")


def measured(side: str, raw: Path, workers: int | None) -> dict[str, float]:
    """Runs one side in a separate process; returns images, seconds without imports, peak memory in MiB."""
    with tempfile.TemporaryDirectory(dir=raw.parent) as out:
        argv = [sys.executable, __file__, "side", side, str(raw), out, str(workers)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        peak = _Peak(process.pid)
        stdout, _ = process.communicate()
        return {**json.loads(stdout), "peak_mib": peak.stop()}


def run_side(side: str, raw: Path, out: Path, workers: int | None) -> None:
    """The work of one side, timed from the parsed annotations to the last shard."""
    images, work = sides(raw, workers)
    began = time.perf_counter()
    work[side](out)
    print(json.dumps({"images": images, "seconds": time.perf_counter() - began}))


def sides(raw: Path, workers: int | None = None) -> tuple[int, dict[str, Callable[[Path], object]]]:
    """The number of images, and the function of each side on a folder; all imports are done.

    "copy" passes every file's bytes with its labels and tags to TFDS' writer without any check; "quick" is a
    build with `--quick-check`.
    """
    from tfrecords_tools.building.building import build_records
    from tfrecords_tools.building.rules import Rules
    from tfrecords_tools.building.writing import write_shards
    from tfrecords_tools.nus_wide.settings import NusWideSettings
    from tfrecords_tools.nus_wide.source import nus_wide_source

    rules = Rules(repair_labels=True, bad_share=0.0)
    source, quick = (
        nus_wide_source(NusWideSettings(raw, protocol="official-all", rules=each))
        for each in (rules, replace(rules, quick_check=True))
    )

    def plain(split: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for example in source.splits[split].examples():
            yield example.id, example.record(example.image.read_bytes())

    return source.candidates, {
        "copy": lambda out: write_shards(source, records=plain, data_dir=out),
        "build": lambda out: build_records(source, out=out, workers=workers),
        "quick": lambda out: build_records(quick, out=out, workers=workers),
    }


class _Peak:
    """The largest memory of a process and all its children."""

    def __init__(self, pid: int):
        self._pid, self._most, self._done = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> float:
        self._done.set()
        self._thread.join()
        return self._most / 2**20

    def _watch(self) -> None:
        root = psutil.Process(self._pid)
        while not self._done.wait(0.1):
            with contextlib.suppress(psutil.Error):  # a process that is just ending
                family = [root, *root.children(recursive=True)]
                self._most = max(self._most, sum(process.memory_full_info().pss for process in family))


if __name__ == "__main__":
    if sys.argv[1:2] == ["side"]:
        name, folder, target, count = sys.argv[2:]
        run_side(name, Path(folder), Path(target), None if count == "None" else int(count))
    else:
        typer.run(main)
