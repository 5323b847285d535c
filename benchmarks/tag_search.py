"""The search for neighbours by tags at full size, compared with simple loops over images.

    python benchmarks/tag_search.py --json tag_search.json

Tags are drawn from a Zipf law, about 8 per image. The loops run on a sample; the time per image is compared
with that of the search, in CPU seconds (all use one thread), and the distances must be equal. "column_loop"
and "set_loop" read the data as they are; "transposed_loop" first copies the array so that each tag's column
is contiguous. Each vocabulary has a separate process; its memory is the growth of the resident size in the
search, when it already holds lists and multi-hot array. Needs the extra `bench`.
"""

import contextlib
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated

import numpy as np
import psutil
import typer

from mmannot_tf.baselines.tag_search import nearest
from mmannot_tf.data.tag_lists import padded

NEIGHBOURS = 6


def main(
    images: Annotated[int, typer.Option(help="Images, each a query and of the pool.")] = 150_000,
    vocabularies: Annotated[list[int] | None, typer.Option("--tags", help="Sizes of vocabularies.")] = None,
    sample: Annotated[int, typer.Option(help="Images each loop runs on.")] = 200,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where the figures go.")] = None,
) -> None:
    """Prints seconds, growth of memory and the ratio to each loop, for each vocabulary."""
    result = {}
    for size in vocabularies or [1000, 5000]:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
            result[f"{images} x {size}"] = fresh.submit(measured, images, size, sample).result()
    typer.echo(json.dumps(result, indent=2))
    if json_file:
        json_file.write_text(json.dumps(result, indent=2) + "\n")


def measured(images: int, vocabulary: int, sample: int) -> dict[str, float]:
    """The search over all images, then the loops over a sample of them."""
    lists, tags = zipf_tags(images, vocabulary)
    with peak_memory() as memory:
        began, cpu_began = time.perf_counter(), time.process_time()
        neighbours = nearest(lists, lists, NEIGHBOURS, own=0).indices
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
    figures = {
        "tags_an_image": tags.sum(dtype=np.int64) / images,
        "seconds": seconds,
        "peak_mib_above_start": memory["peak"] / 2**20,
        "cpu_ms_an_image": cpu_seconds / images * 1e3,
    }
    chosen = np.random.default_rng(1).choice(np.flatnonzero(tags.any(axis=1)), sample, replace=False)
    for loop in (column_loop, transposed_loop, set_loop):
        milliseconds = loop_milliseconds(loop(tags), chosen, neighbours)
        figures[f"{loop.__name__}_cpu_ms_an_image"] = milliseconds
        figures[f"{loop.__name__}_over_search"] = milliseconds / figures["cpu_ms_an_image"]
    return figures


def zipf_tags(images: int, vocabulary: int) -> tuple[np.ndarray, np.ndarray]:
    """Tags drawn with a probability of 1 / rank, as lists and multi-hot, uint8 [N, T]."""
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, vocabulary + 1)
    rows = np.repeat(np.arange(images), rng.poisson(9, images))
    tags = np.zeros((images, vocabulary), np.uint8)
    tags[rows, rng.choice(vocabulary, len(rows), p=shares / shares.sum())] = 1
    return padded(np.flatnonzero(row) for row in tags), tags


def loop_milliseconds(
    distances: Callable[[int], np.ndarray], chosen: np.ndarray, neighbours: np.ndarray
) -> float:
    """The time per image of a loop that selects the nearest by a partial sort; then checks its distances."""
    seconds = 0.0
    for image in chosen.tolist():
        began = time.process_time()
        to_all = distances(image)
        to_all[image] = np.inf
        picked = np.argpartition(to_all, NEIGHBOURS)[:NEIGHBOURS]
        picked = picked[np.argsort(to_all[picked])]
        seconds += time.process_time() - began
        np.testing.assert_allclose(to_all[neighbours[image]], to_all[picked], atol=1e-12)
    return seconds / len(chosen) * 1e3


def column_loop(tags: np.ndarray) -> Callable[[int], np.ndarray]:
    """Distances from the multi-hot array, by the columns of an image's tags."""
    sizes = tags.sum(axis=1, dtype=np.int64)

    def distances(image: int) -> np.ndarray:
        shared = tags[:, np.flatnonzero(tags[image])].sum(axis=1, dtype=np.int64)
        return 1 - shared / (sizes + sizes[image] - shared)

    return distances


def transposed_loop(tags: np.ndarray) -> Callable[[int], np.ndarray]:
    """Distances from a transposed copy of the pool, made before the timing."""
    sizes, rows = tags.sum(axis=1, dtype=np.int64), np.ascontiguousarray(tags.T)

    def distances(image: int) -> np.ndarray:
        shared = rows[np.flatnonzero(tags[image])].sum(axis=0, dtype=np.int64)
        return 1 - shared / (sizes + sizes[image] - shared)

    return distances


def set_loop(tags: np.ndarray) -> Callable[[int], np.ndarray]:
    """Distances from Python sets, made before the timing."""
    sets = [set(np.flatnonzero(row).tolist()) for row in tags]

    def distances(image: int) -> np.ndarray:
        mine = sets[image]
        return np.array([1 - len(mine & theirs) / len(mine | theirs) for theirs in sets])

    return distances


@contextlib.contextmanager
def peak_memory() -> Iterator[dict[str, int]]:
    """Yields a dict that receives "peak": the growth of the resident size in the context, in bytes."""
    process, done, memory = psutil.Process(), threading.Event(), {"peak": 0}
    start = process.memory_info().rss

    def watch() -> None:
        while not done.wait(0.01):
            memory["peak"] = max(memory["peak"], process.memory_info().rss - start)

    thread = threading.Thread(target=watch)
    thread.start()
    yield memory
    done.set()
    thread.join()


if __name__ == "__main__":
    typer.run(main)
