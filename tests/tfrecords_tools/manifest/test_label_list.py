import pytest

from tfrecords_tools.manifest.label_list import read_labels, sorted_labels
from tfrecords_tools.shell.errors import UserError


def test_a_file_keeps_its_order(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes("\ufeffzebra \r\n\r\n cat\r\nCat\r\n".encode())
    assert read_labels(path) == ("zebra", "cat", "Cat")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"cat\n\ndog\n cat\n", r"labels.txt:4: 'cat', which line 1 has already"),
        (b" \n\n", "labels.txt, which is empty"),
        (b"\xe9", "UTF-8 text.*labels.txt"),
        (None, "labels.txt, which does not"),
    ],
)
def test_a_broken_file_is_named(tmp_path, content, cause):
    path = tmp_path / "labels.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=cause):
        read_labels(path)


def test_labels_are_sorted_without_regard_to_case_and_then_as_written():
    assert sorted_labels(["dog", "cat", "Dog", "Ant", "dog"]) == ("Ant", "cat", "Dog", "dog")
