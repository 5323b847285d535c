import pytest
import tensorflow as tf

from tfrecords_tools.shell.errors import one_line


def test_the_names_of_nodes_are_dropped_and_lines_joined():
    text = "corrupted record at 12\n\t [[{{node IteratorGetNext}}]] [Op:IteratorGetNext] name: "
    assert one_line(tf.errors.DataLossError(None, None, text)) == "corrupted record at 12"


@pytest.mark.parametrize(("error", "line"), [(ValueError("a\n b"), "a b"), (EOFError(), "EOFError")])
def test_any_error_has_a_line(error, line):
    assert one_line(error) == line


def test_a_long_message_is_shortened():
    line = one_line(ValueError("word " * 1000))
    assert len(line) <= 500
    assert line.endswith("word …")
