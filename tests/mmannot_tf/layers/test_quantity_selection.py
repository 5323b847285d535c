import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.evaluation.quantity import quantize
from mmannot_tf.layers.quantity_selection import QuantitySelection

WORKED = {"nearest": math.floor, "down": math.floor, "up": math.ceil}


def _select(logits, quantity, **options):
    selected, order = QuantitySelection(**options)(
        np.array(logits, np.float32), np.array(quantity, np.float32)
    )
    return selected.numpy().tolist(), order.numpy().tolist()


def _brute_force(logits, quantity, least, rounding):
    """Algorithm 2, step 6, on one image."""
    order = sorted(range(len(logits)), key=lambda label: (-logits[label], label))
    whole = WORKED[rounding](quantity + 0.5 if rounding == "nearest" else quantity)
    best = set(order[: min(max(whole, least), len(logits))])
    return [label in best for label in range(len(logits))], order


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(-3, 3), min_size=5, max_size=5), min_size=1, max_size=4),
    st.lists(st.integers(-8, 32).map(lambda n: n / 4), min_size=4, max_size=4),
    st.sampled_from([0, 1]),
    st.sampled_from(["nearest", "down", "up"]),
)
def test_equals_brute_force(logits, quantities, least, rounding):
    quantities = quantities[: len(logits)]
    selected, order = _select(logits, quantities, least_quantity=least, rounding=rounding)
    expected = [_brute_force(*case, least, rounding) for case in zip(logits, quantities, strict=True)]
    assert selected == [chosen for chosen, _ in expected]
    assert order == [ranking for _, ranking in expected]


@pytest.mark.parametrize("rounding", ["nearest", "down", "up"])
@pytest.mark.parametrize("least", [0, 1, 2])
def test_what_is_no_number_selects_the_least_quantity(rounding, least):
    quantities = [math.nan, math.inf, -math.inf, 1e30]
    options = {"least_quantity": least, "rounding": rounding}
    selected, _ = _select([[0.1, 3.0, -1.0, 2.0]] * 4, quantities, **options)
    assert [sum(row) for row in selected] == [least, 4, least, 4]
    if least < 2:
        evaluation = EvaluationSettings(quantity_rounding=rounding, least_quantity=least)
        assert quantize(np.array(quantities), 4, evaluation).tolist() == [least, 4, least, 4]


def test_best_labels_first():
    selected, order = _select([[0.1, 3.0, -1.0, 2.0]], [2.2])
    assert order == [[1, 3, 0, 2]]
    assert selected == [[False, True, False, True]]


def test_equal_logits_go_to_the_lower_index():
    selected, order = _select([[1.0, 2.0, 2.0, 1.0, 2.0]], [2.0])
    assert order == [[1, 2, 4, 0, 3]]
    assert selected == [[False, True, True, False, False]]


@pytest.mark.parametrize(
    ("rounding", "counts"),
    [("nearest", [1, 2, 2, 3, 3]), ("down", [1, 1, 1, 2, 2]), ("up", [2, 2, 2, 3, 3])],
)
def test_rounding_of_halves_goes_up(rounding, counts):
    quantity = [1.49, 1.5, 1.51, 2.5, 2.51]
    selected, _ = _select(np.zeros((5, 6)), quantity, rounding=rounding)
    assert np.sum(selected, axis=1).tolist() == counts


@pytest.mark.parametrize(("least", "counts"), [(1, [1, 1, 4, 4]), (0, [0, 0, 4, 4])])
def test_clipped_to_the_least_quantity_and_the_number_of_labels(least, counts):
    selected, _ = _select(np.zeros((4, 4)), [-2.0, 0.3, 4.4, 1e9], least_quantity=least)
    assert np.sum(selected, axis=1).tolist() == counts


def test_survives_serialization():
    layer = QuantitySelection(least_quantity=0, rounding="up", name="selection")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert isinstance(again, QuantitySelection)
    assert (again.least_quantity, again.rounding, again.name) == (0, "up", "selection")


def test_unknown_rounding_is_refused():
    with pytest.raises(ValueError, match="Received: rounding='even'"):
        QuantitySelection(rounding="even")


def test_shapes_and_types_in_a_model():
    logits, quantity = keras.Input((7,)), keras.Input(())
    selected, order = QuantitySelection()(logits, quantity)
    assert (selected.shape, selected.dtype) == ((None, 7), "bool")
    assert (order.shape, order.dtype) == ((None, 7), "int32")
