import pytest
import tensorflow as tf

from mmannot_tf.training.lost_worker import told_in_one_line
from tfrecords_tools.errors import UserError

REPORT = "Graph execution error:\n\nDetected at node x\n\nCollective ops is aborted by: reset by peer\nmore"


@pytest.mark.parametrize("kind", [tf.errors.UnavailableError, tf.errors.InternalError])
def test_a_worker_that_is_gone_is_one_line_with_the_cause(kind):
    pattern = r"All 2 processes .* Collective ops is aborted by: reset by peer\. Another process ended"
    with pytest.raises(UserError, match=pattern) as told, told_in_one_line(2):
        raise kind(None, None, REPORT)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("processes", "error"),
    [
        (1, tf.errors.UnavailableError(None, None, REPORT)),
        (2, tf.errors.InternalError(None, None, "a bug")),
        (2, ValueError("a bug")),
    ],
)
def test_other_errors_are_left_alone(processes, error):
    with pytest.raises(type(error)) as raised, told_in_one_line(processes):
        raise error
    assert raised.value is error
