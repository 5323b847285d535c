import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrecords_tools.nus_wide.protocols import PROTOCOLS, training_mask


@pytest.mark.slow
@pytest.mark.parametrize(("name", "eligible"), [("150000-59347", 209_347), ("150000-40253", 190_253)])
def test_a_full_size_set_is_split_as_published(name: str, eligible: int):
    protocol = PROTOCOLS[name]
    (printed,) = protocol.published
    assert printed.train + printed.test == eligible
    trains = training_mask([str(number) for number in range(eligible)], protocol.share)
    assert (trains.sum(), (~trains).sum()) == (printed.train, printed.test)


@given(st.sets(st.text(min_size=1, max_size=8), max_size=40), st.randoms())
def test_an_image_s_side_does_not_depend_on_the_order_of_the_list(ids: set[str], shuffler):
    order = sorted(ids)
    before = dict(zip(order, training_mask(order, (3, 4)), strict=True))
    assert sum(before.values()) == round(len(ids) * 3 / 4)
    shuffler.shuffle(order)
    assert dict(zip(order, training_mask(order, (3, 4)), strict=True)) == before


def test_more_training_images_keep_those_that_train_already():
    ids = [f"actor/{number}" for number in range(200)]
    few, many = training_mask(ids, (1, 2)), training_mask(ids, (3, 4))
    assert (many[few]).all()
    assert not np.array_equal(few, np.arange(200) < 100)
