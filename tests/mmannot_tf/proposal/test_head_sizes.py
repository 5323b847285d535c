"""How long heads train, by the number of images."""

import math

from hypothesis import given
from hypothesis import strategies as st

from mmannot_tf.proposal.head_sizes import head_sizes


def test_eight_thousand_images_as_mirflickr_small():
    sizes = head_sizes(8008)
    assert (sizes.batch_size, sizes.epochs, sizes.tag_epochs) == (128, 20, 14)
    assert 0.05 <= sizes.l2_coefficient <= 0.1  # validation chose 0.1 and, with frequencies, 0.05


def test_a_few_hundred_images_take_as_many_steps_as_mscoco_small():
    sizes = head_sizes(186)
    assert sizes.epochs * math.ceil(186 / sizes.batch_size) == 120 * math.ceil(186 / 32)
    assert sizes.l2_coefficient == 3.0


@given(st.integers(1, 10_000_000))
def test_any_number_of_images_has_sizes_within_bounds(images):
    sizes = head_sizes(images)
    assert 8 <= sizes.batch_size <= 128
    assert 20 <= sizes.epochs <= 120
    assert 14 <= sizes.tag_epochs <= sizes.epochs
    assert 0 < sizes.l2_coefficient <= 3.0


@given(st.integers(1, 100_000), st.integers(1, 100_000))
def test_more_images_are_regularised_less(some, more):
    few, many = sorted((some, more))
    assert head_sizes(many).l2_coefficient <= head_sizes(few).l2_coefficient
    assert head_sizes(many).batch_size >= head_sizes(few).batch_size
