"""Finds the photographs that the arguments of the command name, on the workers."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from mmannot_tf.beam.addresses import is_pattern
from mmannot_tf.serving.inputs.passed_over import SIDECAR, PassedOver
from mmannot_tf.serving.inputs.photographs import photographs
from tfrecords_tools.photographs.formats import SUFFIXES
from tfrecords_tools.photographs.system_folders import is_system_folder
from tfrecords_tools.shell.addresses import WILDCARD, is_address

LISTINGS = "listings"
"""The second output of `FindPhotographs`: a `Listing` for each argument."""


@dataclass(frozen=True)
class Found:
    """Where a photograph was found; the first argument that names it counts.

    Attributes:
        argument: the number of the argument.
        relative: its path below the argument, as bytes of a file name.
    """

    argument: int
    relative: bytes


@dataclass(frozen=True)
class Listing:
    """What an argument named.

    Attributes:
        argument: the argument.
        photographs: how many there are.
        passed_over: what is no photograph below a folder.
    """

    argument: str
    photographs: int
    passed_over: PassedOver


class FindPhotographs(beam.DoFn):
    """Lists the photographs of (number, argument) as pairs of a path, as bytes, and `Found`.

    A pattern names all files that match it. A folder names the photographs below it, by the rules of
    `mmannot_tf.serving.inputs.photographs`: also one that exists only as the beginning of objects' names.
    """

    def process(self, element: tuple[int, str]) -> Iterator[Any]:
        """Yields the photographs of one argument, and its `Listing`."""
        number, argument = element
        passed_over, count = PassedOver(), 0
        for path, relative in named_photographs(argument, passed_over):
            count += 1
            yield os.fsencode(path), Found(number, os.fsencode(relative))
        yield beam.pvalue.TaggedOutput(LISTINGS, Listing(argument, count, passed_over))


def named_photographs(argument: str, passed_over: PassedOver) -> Iterator[tuple[str, str]]:
    """Yields the path of each photograph that an argument names, and its path below the argument."""
    if is_pattern(argument):
        yield from _matching(argument)
    elif is_address(argument):
        yield from _below(argument.rstrip("/"), passed_over)
    else:
        for photograph in photographs([Path(argument)], passed_over):
            yield str(photograph), photograph.relative


def _matching(pattern: str) -> Iterator[tuple[str, str]]:
    """The files that match a pattern; each with its path below the last folder without a wildcard."""
    fixed = WILDCARD.split(pattern, maxsplit=1)[0].rpartition("/")[0]
    if not fixed and not pattern.startswith("/"):
        pattern, fixed = f"./{pattern}", "."  # Beam lists no files for a pattern without a folder
    for file in FileSystems.match([pattern])[0].metadata_list:
        if not file.path.endswith("/"):
            relative = file.path.removeprefix(fixed).lstrip("/")
            yield file.path if is_address(file.path) else str(Path(file.path)), relative


def _below(folder: str, passed_over: PassedOver) -> Iterator[tuple[str, str]]:
    """The photographs below a folder of a remote file system; the address itself if nothing is below it."""
    files = FileSystems.match([f"{folder}/**"])[0].metadata_list
    if not files:
        yield folder, folder.rpartition("/")[2]
        return
    hidden: set[str] = set()
    system: set[str] = set()
    for file in files:
        relative = file.path.removeprefix(folder).lstrip("/")
        place = _left_out(relative, hidden, system)
        if place or file.path.endswith("/"):
            continue
        suffix = PurePosixPath(relative).suffix.lower()
        if suffix in SUFFIXES:
            yield file.path, relative
        elif suffix != SIDECAR:
            passed_over.other_files[suffix] += 1
    passed_over.hidden += len(hidden)
    passed_over.system_folders.update(Counter(PurePosixPath(name).name for name in system))


def _left_out(relative: str, hidden: set[str], system: set[str]) -> bool:
    """Whether a file is hidden or in a hidden or system folder, which is added to the set of its kind."""
    parts = PurePosixPath(relative).parts
    for number, part in enumerate(parts):
        place = "/".join(parts[: number + 1])
        if part.startswith("."):
            hidden.add(place)
            return True
        if number < len(parts) - 1 and is_system_folder(part):
            system.add(place)
            return True
    return False
