import numpy as np
import pytest
from tiers import exhaustive

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.array_batches import ArrayBatches
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.data.replicas import ReplicaRange
from mmannot_tf.weights.provenance import CENTRED

# Each entry has the replicas of all processes.
DIVISIONS = {
    "two devices": [ReplicaRange(0, 2, 2)],
    "two workers": [ReplicaRange(0, 1, 2), ReplicaRange(1, 1, 2)],
    "three workers": [ReplicaRange(number, 1, 3) for number in range(3)],
    "two workers of two": [ReplicaRange(0, 2, 4), ReplicaRange(2, 2, 4)],
}


@pytest.fixture(params=DIVISIONS, ids=list(DIVISIONS))
def all_replicas(request):
    return DIVISIONS[request.param]


@pytest.fixture
def rows():
    numbers = np.arange(22)
    return ArrayBatches(np.stack([numbers] * 2, axis=1), numbers, batch_size=9)


def _taken(batches, count):
    return [targets.numpy() for _, targets in batches.take(count)]


def test_replicas_divide_every_count(all_replicas):
    for count in range(1, 20):
        assert sum(replicas.count_in(count) for replicas in all_replicas) == count
        held = np.stack([replicas.contains(np.arange(count)) for replicas in all_replicas])
        assert (held.sum(axis=0) == 1).all()


@pytest.mark.slow
def test_all_replicas_together_take_the_batches_of_one_device(rows, all_replicas):
    """22 rows in batches of 9: the last has 4, one for each of four replicas."""
    whole = _taken(rows.epoch(seed=1, epoch=2), 3)
    parts = [
        _taken(rows.epoch(seed=1, epoch=2, replicas=replicas), 3 * replicas.local)
        for replicas in all_replicas
    ]
    for step, batch in enumerate(whole):
        batches = [
            part[step * replicas.local + place]
            for part, replicas in zip(parts, all_replicas, strict=True)
            for place in range(replicas.local)
        ]
        for number, have in enumerate(batches):
            np.testing.assert_array_equal(have, batch[number :: len(batches)])


@pytest.mark.slow
def test_a_resumed_epoch_goes_on_with_the_very_next_rows(rows, all_replicas):
    for replicas in all_replicas:
        whole = _taken(rows.epoch(seed=1, epoch=0, replicas=replicas), 3 * replicas.local)
        rest = _taken(rows.epoch(seed=1, epoch=0, skip=1, replicas=replicas), 2 * replicas.local)
        for have, want in zip(rest, whole[replicas.local :], strict=True):
            np.testing.assert_array_equal(have, want)


@pytest.mark.slow
@pytest.mark.parametrize("augmentation", ["crop-flip", *exhaustive(["flip"])])
def test_images_are_dealt_as_rows_of_arrays_are(tiny_records, all_replicas, augmentation):
    settings = DataSettings(image_size=32, augmentation=augmentation)
    images = ImageBatches(tiny_records, settings, CENTRED, batch_size=28, shuffle_buffer=32)
    whole = list(images.epoch(seed=3, epoch=1).as_numpy_iterator())
    assert [len(labels) for _, labels in whole] == [28, 28, 28, 4]
    total = all_replicas[0].total
    for replicas in all_replicas:
        parts = list(
            images.epoch(seed=3, epoch=1, replicas=replicas).take(4 * replicas.local).as_numpy_iterator()
        )
        for place, (pixels, labels) in enumerate(parts):
            batch, number = whole[place // replicas.local], replicas.first + place % replicas.local
            np.testing.assert_array_equal(pixels, batch[0][number::total])
            np.testing.assert_array_equal(labels, batch[1][number::total])


def test_an_ordered_pass_deals_whole_batches(rows, all_replicas):
    over = rows.ordered_split()
    assert (over.batches, over.examples) == (3, 22)
    whole = _taken(over.read(None), 3)
    for replicas in all_replicas:
        held = [batch for number, batch in enumerate(whole) if replicas.contains(number)]
        for have, want in zip(_taken(over.read(replicas), 4), held, strict=True):
            np.testing.assert_array_equal(have, want)


def test_after_the_last_batch_comes_filling_without_end(rows):
    replicas = ReplicaRange(0, 1, 2)
    sizes = [len(part) for part in _taken(rows.epoch(seed=0, epoch=0, replicas=replicas), 6)]
    assert sizes == [5, 5, 2, 1, 1, 1]
