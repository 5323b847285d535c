"""The ids of a batch, computed from seed, epoch and step."""

import numpy as np
import pytest

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.array_batches import ArrayBatches
from mmannot_tf.data.arrays import load_arrays
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.weights.provenance import CENTRED

ROWS = 21


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [0, 3])
def test_of_images_they_are_those_of_the_records_that_were_read(tiny_records, epoch):
    images = ImageBatches(
        tiny_records, DataSettings(image_size=32), CENTRED, batch_size=16, shuffle_buffer=32
    )
    arrays = load_arrays(tiny_records, "train", ())
    labels = dict(zip(arrays.ids, arrays.labels, strict=True))
    seen = []
    for step, (_, targets) in enumerate(images.epoch(seed=1, epoch=epoch)):
        ids = images.ids(seed=1, epoch=epoch, step=step)
        np.testing.assert_array_equal(targets, [labels[name] for name in ids])
        seen += ids
    assert sorted(seen) == sorted(arrays.ids)


@pytest.mark.parametrize("lengths", [None, np.arange(ROWS) % 5])
def test_of_arrays_they_are_the_names_of_the_rows(lengths):
    names = tuple(f"image{row}" for row in range(ROWS))
    batches = ArrayBatches(np.arange(ROWS), np.zeros(ROWS), 4, lengths=lengths, names=names)
    for step, (rows, _) in enumerate(batches.epoch(seed=1, epoch=2)):
        assert batches.ids(seed=1, epoch=2, step=step) == tuple(f"image{row}" for row in rows.numpy())


def test_rows_without_names_go_by_their_number():
    batches = ArrayBatches(np.arange(ROWS), np.zeros(ROWS), 4)
    (rows, _) = next(iter(batches.epoch(seed=0, epoch=0)))
    assert batches.ids(seed=0, epoch=0, step=0) == tuple(f"row {row}" for row in rows.numpy())
