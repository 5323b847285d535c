import pytest

from tfrecords_tools.manifest.label_list import read_labels, sorted_labels
from tfrecords_tools.shell.errors import UserError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_keeps_its_order(tmp_path, encoding):
    path = tmp_path / "labels.txt"
    path.write_bytes("zebra \r\n\r\n cat\r\nCat\r\n".encode(encoding))
    assert read_labels(path) == ("zebra", "cat", "Cat")


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"cat\n\ndog\n cat\n", r"labels.txt:4: 'cat', which line 1 has already"),
        (b" \n\n", "labels.txt, which is empty"),
        (b"\xe9", "UTF-8 text.*labels.txt"),
        (None, "list of labels must exist.*labels.txt"),
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
