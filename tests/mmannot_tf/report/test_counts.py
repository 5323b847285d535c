import numpy as np
import pytest

from mmannot_tf.report.cases import agreement, case, choose, ranking
from mmannot_tf.report.counts import class_counts, pairs, quantity_confusion, shares_together

NAMES = ("sky", "sea", "sun", "net")


@pytest.fixture
def rows():
    generator = np.random.default_rng(3)
    labels, chosen = generator.random((50, 4)) < 0.4, generator.random((50, 4)) < 0.5
    labels[:, 3] = chosen[:, 3] = False
    return chosen, labels


def test_classes_are_those_a_loop_over_images_counts(rows):
    chosen, labels = rows
    by_name = {counts.label: counts for counts in class_counts(chosen, labels, NAMES)}
    for j, name in enumerate(NAMES[:3]):
        true = sum(bool(row[j]) for row in labels)
        correct = sum(bool(a[j] and b[j]) for a, b in zip(chosen, labels, strict=True))
        assert (by_name[name].true, by_name[name].correct) == (true, correct)
        assert by_name[name].recall == pytest.approx(100 * correct / true)
        assert by_name[name].precision == pytest.approx(100 * correct / sum(bool(row[j]) for row in chosen))
    assert (by_name["net"].precision, by_name["net"].recall) == (None, None)
    assert [counts.true for counts in class_counts(chosen, labels, NAMES)] == sorted(
        (counts.true for counts in by_name.values()), reverse=True
    )


def test_the_confusion_puts_all_that_is_above_in_the_last_row_and_column():
    counts = quantity_confusion(np.array([1, 2, 2, 9]), np.array([1, 1, 7, 9]), max_quantity=3)
    expected = np.zeros((4, 4), int)
    expected[1, 1] = expected[2, 1] = expected[2, 3] = expected[3, 3] = 1
    assert counts.tolist() == expected.tolist()


def test_labels_together_are_those_a_loop_counts(rows):
    chosen, labels = rows
    shares = shares_together(labels)
    both = sum(bool(row[0] and row[1]) for row in labels)
    assert shares[0, 1] == pytest.approx(both / labels[:, 0].sum())
    assert np.isnan(shares[3]).all()
    by_names = {(pair.first, pair.second): pair for pair in pairs(chosen, labels, NAMES, count=9)}
    assert by_names["sky", "sea"].true == both
    assert by_names["sky", "sea"].annotated == sum(bool(row[0] and row[1]) for row in chosen)
    assert set(by_names) == {("sky", "sea"), ("sky", "sun"), ("sea", "sun")}


def test_images_of_which_the_other_label_is_unknown_are_in_no_share():
    """Two of three images have both; of the third the second label is unknown, so all have it."""
    labels = np.array([[1, 1], [1, 1], [1, 0]], bool)
    unknown = np.array([[0, 0], [0, 0], [0, 1]], bool)
    assert shares_together(labels)[0, 1] == pytest.approx(2 / 3)
    assert shares_together(labels, unknown)[0, 1] == 1.0


def test_the_ranking_goes_by_agreement_then_by_errors_true_labels_and_id():
    labels = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]], bool)
    chosen = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]], bool)
    assert agreement(chosen, labels).tolist() == [100, 100, 100, 0, 0]
    assert ranking(chosen, labels, ["a", "c", "b", "d", "e"]) == [0, 2, 1, 4, 3]


@pytest.mark.parametrize("images", [1, 3, 5, 7, 40])
def test_no_image_is_chosen_twice_and_the_extremes_come_first(images):
    chosen = choose(range(images), 3)
    together = [place for places in chosen.values() for place in places]
    assert len(together) == len(set(together)) == min(images, 9)
    assert chosen["best"][0] == 0
    assert not chosen["worst"] or chosen["worst"][0] == images - 1


def test_a_case_lists_annotations_by_score_and_says_what_agrees():
    example = case(
        "7", np.array([1, 0, 1, 0], bool), np.array([1, 1, 0, 0], bool), np.array([0.2, 0.1, 0.9, 0]), NAMES
    )
    assert example.annotations == (("sun", False), ("sky", True))
    assert example.truth == (("sky", True), ("sea", False))
    assert example.agreement == 50
