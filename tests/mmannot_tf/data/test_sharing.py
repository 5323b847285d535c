import numpy as np
import pytest
from tiers import exhaustive

from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.batches import ArrayBatches, ImageBatches
from mmannot_tf.data.sharing import Share
from mmannot_tf.weights.provenance import CENTRED

# Each a whole: the shares of all processes.
DIVISIONS = {
    "two devices": [Share(0, 2, 2)],
    "two workers": [Share(0, 1, 2), Share(1, 1, 2)],
    "three workers": [Share(number, 1, 3) for number in range(3)],
    "two workers of two": [Share(0, 2, 4), Share(2, 2, 4)],
}


@pytest.fixture(params=DIVISIONS, ids=list(DIVISIONS))
def shares(request):
    return DIVISIONS[request.param]


@pytest.fixture
def rows():
    numbers = np.arange(22)
    return ArrayBatches(np.stack([numbers] * 2, axis=1), numbers, batch_size=9)


def _taken(batches, count):
    return [targets.numpy() for _, targets in batches.take(count)]


def test_shares_divide_every_count(shares):
    for count in range(1, 20):
        assert sum(share.of(count) for share in shares) == count
        held = np.stack([share.holds(np.arange(count)) for share in shares])
        assert (held.sum(axis=0) == 1).all()


def test_all_replicas_together_take_the_batches_of_one_device(rows, shares):
    """22 rows in batches of 9: the last has 4, one for each of four replicas."""
    whole = _taken(rows.epoch(seed=1, epoch=2), 3)
    parts = [_taken(rows.epoch(seed=1, epoch=2, share=share), 3 * share.local) for share in shares]
    for step, batch in enumerate(whole):
        replicas = [
            part[step * share.local + place]
            for part, share in zip(parts, shares, strict=True)
            for place in range(share.local)
        ]
        for number, have in enumerate(replicas):
            np.testing.assert_array_equal(have, batch[number :: len(replicas)])


def test_a_resumed_epoch_goes_on_with_the_very_next_rows(rows, shares):
    for share in shares:
        whole = _taken(rows.epoch(seed=1, epoch=0, share=share), 3 * share.local)
        rest = _taken(rows.epoch(seed=1, epoch=0, skip=1, share=share), 2 * share.local)
        for have, want in zip(rest, whole[share.local :], strict=True):
            np.testing.assert_array_equal(have, want)


@pytest.mark.slow
@pytest.mark.parametrize("augmentation", ["crop-flip", *exhaustive(["flip"])])
def test_images_are_dealt_as_rows_of_arrays_are(tiny_records, shares, augmentation):
    settings = DataSettings(image_size=32, augmentation=augmentation)
    images = ImageBatches(tiny_records, settings, CENTRED, batch_size=28, shuffle_buffer=32)
    whole = list(images.epoch(seed=3, epoch=1).as_numpy_iterator())
    assert [len(labels) for _, labels in whole] == [28, 28, 28, 4]
    replicas = shares[0].replicas
    for share in shares:
        parts = list(images.epoch(seed=3, epoch=1, share=share).take(4 * share.local).as_numpy_iterator())
        for place, (pixels, labels) in enumerate(parts):
            batch, number = whole[place // share.local], share.first + place % share.local
            np.testing.assert_array_equal(pixels, batch[0][number::replicas])
            np.testing.assert_array_equal(labels, batch[1][number::replicas])


def test_an_ordered_pass_deals_whole_batches(rows, shares):
    over = rows.one_pass()
    assert (over.batches, over.examples) == (3, 22)
    whole = _taken(over.read(None), 3)
    for share in shares:
        held = [batch for number, batch in enumerate(whole) if share.holds(number)]
        for have, want in zip(_taken(over.read(share), 4), held, strict=True):
            np.testing.assert_array_equal(have, want)


def test_after_the_last_batch_comes_filling_without_end(rows):
    share = Share(0, 1, 2)
    sizes = [len(part) for part in _taken(rows.epoch(seed=0, epoch=0, share=share), 6)]
    assert sizes == [5, 5, 2, 1, 1, 1]
