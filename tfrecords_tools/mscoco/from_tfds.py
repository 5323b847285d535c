"""Reads MS-COCO 2014 from TFDS' `coco_captions`, which TFDS downloads."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from tfrecords_tools.building.source import Split
from tfrecords_tools.building.splitting import is_held_out
from tfrecords_tools.mscoco.content import Content, example
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.reading.example import Example
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.tensorflow_logging import import_tensorflow, quiet_tfds

if TYPE_CHECKING:
    import numpy as np
    import tensorflow_datasets as tfds

NAME = "coco_captions/2014"
TRAIN: tuple[str, ...] = ("train",)
VAL: tuple[str, ...] = ("val", "test", "restval")
"""The three parts into which Karpathy and Li split the official val2014."""

Row = TypedDict("Row", {"image/id": int, "image": bytes, "objects": "Objects", "captions": "Captions"})
"""A row of `coco_captions` as numpy values; only `image/id` where `_rows` reads ids only."""


class Objects(TypedDict):
    """The objects of a row."""

    label: np.ndarray


class Captions(TypedDict):
    """The captions of a row."""

    id: np.ndarray
    text: np.ndarray


def from_tfds(settings: MscocoSettings) -> Content:
    """Downloads and prepares TFDS' copy if it does not exist yet, and reads its ids.

    Raises:
        UserError: TFDS cannot download or prepare it.
    """
    builder = _prepared(settings.tfds_dir)
    held_out = partial(is_held_out, share=settings.validation_share)
    chosen: dict[str, tuple[tuple[str, ...], Callable[[str], bool]]] = {
        "train": (TRAIN, lambda identifier: not held_out(identifier)),
        "validation": (TRAIN, held_out),
        "test": (VAL, lambda _: True),
    }
    ids = {parts: [str(row["image/id"]) for row in _rows(builder, parts)] for parts in (TRAIN, VAL)}
    return Content(
        year=2014,
        labels=tuple(builder.info.features["objects"]["label"].names),
        splits={
            name: Split(sum(map(wanted, ids[parts])), partial(_examples, builder, parts, wanted, settings))
            for name, (parts, wanted) in chosen.items()
        },
        origin={"tfds": f"{builder.name}/{builder.builder_config.name}:{builder.version}"},
    )


def _prepared(folder: Path | None) -> tfds.core.DatasetBuilder:
    import_tensorflow()
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    with quiet_tfds():
        builder = tfds.builder(NAME, data_dir=None if folder is None else str(folder))
        if builder.is_prepared():
            return builder
    notice(f"downloading MS-COCO 2014 through TFDS into {builder.data_dir}: tens of GB, once")
    try:
        with _output_to_stderr():
            builder.download_and_prepare()
    except (OSError, tfds.download.DownloadError, NonMatchingChecksumError) as error:
        raise UserError(
            f"TFDS must be able to download and prepare {NAME}. Received: {type(error).__name__}: {error}. "
            "Connect to the internet, pass a folder that holds it as --tfds-dir, or pass --raw."
        ) from None
    return builder


@contextlib.contextmanager
def _output_to_stderr() -> Iterator[None]:
    """Sends TFDS' output to stderr, with bars only on a terminal; hides urllib3's messages on retries."""
    import tensorflow_datasets as tfds

    retries = logging.getLogger("urllib3.connectionpool")
    level = retries.level
    retries.setLevel(logging.ERROR)
    tfds.display_progress_bar(enable=sys.stderr.isatty())
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        tfds.display_progress_bar(enable=True)
        retries.setLevel(level)


def _rows(builder: tfds.core.DatasetBuilder, parts: tuple[str, ...], *, whole: bool = False) -> Iterator[Row]:
    """The rows of TFDS' splits `parts`: ids only, or `whole` rows with encoded images."""
    import tensorflow_datasets as tfds

    decoders = (
        {"image": tfds.decode.SkipDecoding()} if whole else tfds.decode.PartialDecoding({"image/id": True})
    )
    config = tfds.ReadConfig(try_autocache=False)
    for part in parts:
        with quiet_tfds():
            rows = builder.as_dataset(split=part, decoders=decoders, read_config=config, shuffle_files=False)
        yield from rows.as_numpy_iterator()


def _examples(
    builder: tfds.core.DatasetBuilder,
    parts: tuple[str, ...],
    wanted: Callable[[str], bool],
    settings: MscocoSettings,
) -> Iterator[Example]:
    names = builder.info.features["objects"]["label"].names
    for row in _rows(builder, parts, whole=True):
        if wanted(str(row["image/id"])):
            captions = sorted(zip(row["captions"]["id"].tolist(), row["captions"]["text"], strict=True))
            yield example(
                int(row["image/id"]),
                row["image"],
                labels=(names[label] for label in sorted(set(row["objects"]["label"].tolist()))),
                captions=(text.decode() for _, text in captions),
                settings=settings,
            )
