import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmannot_tf.decisions.selection import above
from mmannot_tf.decisions.thresholds import best_threshold
from mmannot_tf.evaluation.metrics import annotation_scores

SHAPE = (4, 3)
# Few values, so that many are equal; those of float32 that lie next to each other, too.
SCORES = st.sampled_from(
    [np.float32(x) for x in (-2.0, 0.0, 0.1, 0.5, np.nextafter(np.float32(0.5), 1), 7.5)]
)


@given(scores=arrays(np.float32, SHAPE, elements=SCORES), labels=arrays(bool, SHAPE))
def test_no_other_threshold_has_a_higher_f1(scores, labels):
    if not labels.any():
        return
    everywhere = [np.nextafter(scores.min(), np.float32("-inf")), *np.unique(scores)]
    measured = [annotation_scores(above(scores, float(t)), labels).image_f1 for t in everywhere]
    chosen = above(scores, best_threshold(scores, labels))
    assert annotation_scores(chosen, labels).image_f1 == pytest.approx(max(measured))
    equal = [
        above(scores, float(t)).sum()
        for t, f1 in zip(everywhere, measured, strict=True)
        if f1 >= max(measured) - 1e-9
    ]
    assert chosen.sum() == min(equal)


def test_a_threshold_by_hand():
    scores = np.array([[0.9, 0.8, 0.1], [0.7, 0.3, 0.2]], np.float32)
    labels = np.array([[True, False, False], [True, True, False]])
    # Given 1, 2, 3, 4 labels: 2·1/4, 2·1/5, 2·2/6, 2·3/7 = 0.86; with all six 2·3/9.
    assert best_threshold(scores, labels) == pytest.approx(0.2)
