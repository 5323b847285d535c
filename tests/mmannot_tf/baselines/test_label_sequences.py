import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.baselines.label_sequences import (
    label_order,
    label_sequences,
    sequence_cross_entropy,
    sequence_examples,
    trimmed,
)

# Labels 0, 1, 2, 3 are in 1, 3, 2, 1 images.
LABELS = np.array([[1, 1, 1, 0], [0, 1, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0]], np.uint8)


def test_order_of_a_worked_example_ties_by_index():
    assert label_order(LABELS, "frequent_first").tolist() == [1, 2, 0, 3]
    assert label_order(LABELS, "rare_first").tolist() == [0, 3, 2, 1]


def test_counts_of_more_than_255_images_do_not_wrap():
    labels = np.zeros((300, 2), np.uint8)
    labels[:, 0], labels[:60, 1] = 1, 1
    assert label_order(labels, "frequent_first").tolist() == [0, 1]


def test_sequences_of_a_worked_example_with_a_stop():
    sequences = label_sequences(LABELS, np.array([0, 3, 2, 1]), stop=True)
    assert sequences.steps.tolist() == [[0, 2, 1, 4], [3, 2, 1, 4], [1, 4, 4, 4], [4, 4, 4, 4]]
    assert sequences.lengths.tolist() == [4, 4, 2, 1]
    assert sequences.steps.dtype == sequences.lengths.dtype == np.int32


def test_sequences_of_a_worked_example_without_a_stop():
    sequences = label_sequences(LABELS, np.array([1, 2, 0, 3]), stop=False)
    assert sequences.steps.tolist() == [[1, 2, 0], [1, 2, 3], [1, 4, 4], [4, 4, 4]]
    assert sequences.lengths.tolist() == [3, 3, 1, 0]


@pytest.mark.parametrize("stop", [False, True])
def test_sequences_have_a_step_even_where_no_image_has_a_label(stop):
    sequences = label_sequences(np.zeros((2, 4), np.uint8), np.arange(4), stop=stop)
    assert sequences.steps.tolist() == [[4], [4]]
    assert sequences.lengths.tolist() == [stop, stop]


@pytest.mark.parametrize("stop", [False, True])
def test_sequences_equal_a_plain_loop(stop):
    labels = (np.random.default_rng(0).random((50, 9)) < 0.3).astype(np.uint8)
    order = label_order(labels, "rare_first")
    sequences = label_sequences(labels, order, stop=stop)
    for row, steps, length in zip(labels, sequences.steps, sequences.lengths, strict=True):
        plain = [label for label in order if row[label]] + [9] * stop
        assert steps[:length].tolist() == plain
        assert (steps[length:] == 9).all()


def test_training_inputs_are_the_targets_behind_the_start(data):
    examples = sequence_examples(data, "train", "rare_first", stop=True)
    shifted, steps = examples.inputs["sequence"], examples.targets["sequence"]
    assert (shifted[:, 0] == 5).all()
    np.testing.assert_array_equal(shifted[:, 1:], steps[:, :-1])
    assert shifted.dtype == steps.dtype == examples.targets["length"].dtype == np.int32
    np.testing.assert_array_equal(examples.lengths, examples.targets["length"])
    np.testing.assert_array_equal(examples.lengths, data("train").labels.sum(axis=1) + 1)
    np.testing.assert_array_equal(examples.inputs["features"], data("train").features)


def test_other_splits_inputs_tell_nothing_of_their_labels_and_keep_their_order(data):
    examples = sequence_examples(data, "test", "rare_first", stop=True)
    assert (examples.inputs["sequence"] == 5).all()
    assert examples.lengths is None
    assert examples.finish is None
    np.testing.assert_array_equal(examples.targets["length"], data("test").labels.sum(axis=1) + 1)


def test_other_splits_are_ordered_by_the_training_splits_counts(data):
    steps = sequence_examples(data, "test", "rare_first", stop=False).targets["sequence"]
    order = label_order(data("train").labels, "rare_first")
    expected = label_sequences(data("test").labels, order, stop=False).steps
    np.testing.assert_array_equal(steps, expected)


def _trimmed_width(padded, lengths):
    sequence = tf.tile(tf.range(padded)[tf.newaxis], [len(lengths), 1])
    batch = tf.data.Dataset.from_tensors(
        ({"sequence": sequence}, {"sequence": sequence, "length": tf.constant(lengths)})
    )
    ((inputs, targets),) = list(batch.map(trimmed))
    assert inputs["sequence"].shape == targets["sequence"].shape
    return inputs["sequence"].numpy()[0].tolist()


@pytest.mark.parametrize(
    ("padded", "lengths", "kept"),
    [
        (11, [1, 1], 2),
        (11, [0, 0], 2),
        (11, [2, 1], 2),
        (11, [3, 1], 4),
        (11, [4, 8], 8),
        (11, [9, 2], 11),
        (11, [11, 2], 11),
        (8, [5, 2], 8),
        (2, [1, 0], 2),
        (1, [1, 0], 1),
    ],
)
def test_trimmed_to_a_power_of_two_of_steps(padded, lengths, kept):
    assert _trimmed_width(padded, lengths) == list(range(kept))


def test_trimming_changes_no_loss():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, 11, 5)).astype(np.float32)
    steps, lengths = rng.integers(5, size=(3, 11), dtype=np.int32), np.array([3, 1, 2], np.int32)
    targets = {"sequence": tf.constant(steps), "length": tf.constant(lengths)}
    _, fewer = trimmed({"sequence": tf.constant(steps)}, targets)
    whole = sequence_cross_entropy(targets, tf.constant(logits))
    np.testing.assert_array_equal(sequence_cross_entropy(fewer, tf.constant(logits[:, :4])), whole)


@pytest.mark.parametrize("vocabulary", [4, 5])
def test_masked_loss_equals_plain_numpy(vocabulary):
    rng = np.random.default_rng(vocabulary)
    logits = rng.normal(size=(4, 3, vocabulary)).astype(np.float32)
    steps = np.array([[0, 1, vocabulary - 1], [2, 3, 4], [1, 4, 4], [4, 4, 4]], np.int32)
    lengths = np.array([3, 2, 1, 0], np.int32)
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    expected = [
        -sum(log_p[image, t, steps[image, t]] for t in range(length)) for image, length in enumerate(lengths)
    ]
    targets = {"sequence": tf.constant(steps), "length": tf.constant(lengths)}
    losses = sequence_cross_entropy(targets, tf.constant(logits))
    assert losses.shape == (4,)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert losses[3] == 0.0


def test_padding_gets_no_gradient():
    logits = tf.Variable(np.random.default_rng(0).normal(size=(1, 4, 5)).astype(np.float32))
    with tf.GradientTape() as tape:
        targets = {"sequence": tf.constant([[1, 4, 4, 4]]), "length": tf.constant([2])}
        loss = sequence_cross_entropy(targets, logits)
    gradient = tape.gradient(loss, logits).numpy()
    assert (gradient[:, :2] != 0).all()
    assert (gradient[:, 2:] == 0).all()
