import numpy as np
import pytest

from mmannot_tf.serving.annotation import Annotation
from mmannot_tf.serving.network import NetworkOutputs, compare

PROBABILITIES = np.array([[0.2, 0.9, 0.6], [0.7, 0.1, 0.5]], np.float32)
ORDER = np.array([[1, 2, 0], [0, 2, 1]], np.int32)
SELECTED = np.array([[False, True, True], [True, False, False]])


def _outputs(probability=0.0, quantity=0.0, selected=SELECTED):
    return NetworkOutputs(PROBABILITIES + probability, np.array([2.0, 1.0]) + quantity, selected, ORDER)


def test_chosen_labels_come_best_first():
    assert [_outputs().selected_labels(row) for row in range(2)] == [[1, 2], [0]]
    assert Annotation.from_outputs(
        _outputs(), 0, labels=("a", "b", "c"), image="x.jpg", tags="sea"
    ) == Annotation(
        "x.jpg", "sea", (("b", float(PROBABILITIES[0, 1])), ("c", float(PROBABILITIES[0, 2]))), 2.0
    )


@pytest.mark.parametrize(
    ("other", "holds"),
    [
        (_outputs(), True),
        (_outputs(probability=9e-4), True),
        (_outputs(probability=2e-3), False),
        (_outputs(quantity=1.5e-3), False),  # more than the tolerance of the quantity 1
        (_outputs(quantity=9e-4), True),
        (_outputs(selected=~SELECTED), False),
        (_outputs(probability=np.nan), False),
        (_outputs(quantity=np.inf), False),
    ],
)
def test_answers_agree_by_labels_and_tolerance(other, holds):
    assert compare(other, _outputs(), tolerance=1e-3).holds is holds


def test_quantities_are_compared_in_proportion():
    reference, other = _outputs(), _outputs(quantity=[0.02, 0.01])
    assert compare(other, reference, tolerance=1e-3).quantity == pytest.approx(0.01)


def test_an_agreement_says_what_it_saw():
    said = str(compare(_outputs(selected=~SELECTED), _outputs(), tolerance=1e-4))
    assert said == "same labels on 0 of 2 images, max |Δp| 0.0e+00, max |Δm̂| 0.0e+00, tolerance 1e-04"
