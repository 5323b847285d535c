import numpy as np

from mmannot_tf.data.array_batches import ArrayBatches, HiddenColumns
from mmannot_tf.data.replicas import ReplicaRange

ROWS = 2000
INPUTS = np.stack([np.arange(ROWS), np.full(ROWS, 2.0), np.full(ROWS, 3.0)], axis=1).astype(np.float32)
BATCHES = ArrayBatches(
    INPUTS, np.arange(ROWS), batch_size=64, hidden=HiddenColumns(0.25, np.array([-1.0, -2.0], np.float32))
)

STEPS = -(-ROWS // BATCHES.batch_size)


def _epoch(skip=0, **where):
    batches = BATCHES.epoch(seed=3, skip=skip, **where).take(STEPS - skip)  # replicas read without end
    parts = [(inputs.numpy(), targets.numpy()) for inputs, targets in batches]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _hidden(epoch):
    inputs, _ = _epoch(epoch=epoch)
    return dict(zip(inputs[:, 0].astype(int).tolist(), (inputs[:, 1] == -1).tolist(), strict=True))


def test_both_columns_of_a_share_of_the_rows_are_hidden_and_no_other():
    inputs, targets = _epoch(epoch=0)
    np.testing.assert_array_equal(inputs[:, 0], targets)
    hidden = inputs[:, 1] == -1
    np.testing.assert_array_equal(inputs[hidden, 1:], np.tile([-1.0, -2.0], (hidden.sum(), 1)))
    np.testing.assert_array_equal(inputs[~hidden, 1:], np.tile([2.0, 3.0], ((~hidden).sum(), 1)))
    # Binomial: five standard deviations are 5 sqrt(0.25 * 0.75 / 2000) = 0.048.
    assert abs(hidden.mean() - 0.25) < 0.048


def test_each_epoch_draws_its_own_and_again_the_same():
    first, second = _hidden(0), _hidden(1)
    assert first == _hidden(0)
    both = np.mean([first[row] and second[row] for row in range(ROWS)])
    assert abs(both - 0.25**2) < 5 * np.sqrt(0.0625 * 0.9375 / ROWS)  # independent of each other


def test_a_resumed_epoch_and_replicas_hide_the_same_rows():
    whole = _epoch(epoch=2)
    rest = _epoch(epoch=2, skip=5)
    np.testing.assert_array_equal(whole[0][5 * 64 :], rest[0])
    one, other = (
        _epoch(epoch=2, replicas=ReplicaRange(first=number, local=1, total=2)) for number in range(2)
    )
    rows = np.concatenate([one[0], other[0]])
    np.testing.assert_array_equal(rows[rows[:, 0].argsort()], whole[0][whole[0][:, 0].argsort()])


def test_the_ordered_pass_hides_nothing():
    inputs = np.concatenate([inputs.numpy() for inputs, _ in BATCHES.ordered()])
    np.testing.assert_array_equal(inputs, INPUTS)
