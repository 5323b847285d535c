import zipfile

import numpy as np
import pytest

from mmannot_tf.decisions.matrix_files import read_matrix, write_selected
from tfrecords_tools.shell.errors import UserError

NAMES = ("a.jpg", "b.jpg", "c.jpg")
VALUES = [[0.5, 0.25], [1.0, 0.0], [0.125, 0.75]]


@pytest.mark.parametrize(
    ("text", "images", "labels"),
    [
        ("0.5,0.25\n1,0\n0.125,0.75\n", None, None),
        ("sky,sea\n0.5,0.25\n1,0\n0.125,0.75\n", None, ("sky", "sea")),
        (
            "image,sky,sea\na.jpg,0.5,0.25\nb.jpg,1,0\nc.jpg,0.125,0.75\n",
            NAMES,
            ("sky", "sea"),
        ),
        ("id,sky,sea\n7,0.5,0.25\n8,1,0\n9,0.125,0.75\n", ("7", "8", "9"), ("sky", "sea")),
        ("a.jpg,0.5,0.25\nb.jpg,1,0\nc.jpg,0.125,0.75\n", NAMES, None),
        (
            "\ufeffimage,sky,sea\r\na.jpg,0.5,0.25\r\nb.jpg,1,0\r\nc.jpg,0.125,0.75\r\n",
            NAMES,
            ("sky", "sea"),
        ),
    ],
)
def test_tables_may_name_images_and_labels(tmp_path, text, images, labels):
    file = tmp_path / "scores.csv"
    file.write_text(text, encoding="utf-8", newline="")
    matrix = read_matrix(file)
    assert matrix.values.tolist() == VALUES and matrix.values.dtype == np.float32
    assert (matrix.images, matrix.labels) == (images, labels)


def test_arrays_are_read(tmp_path):
    np.save(tmp_path / "scores.npy", np.array(VALUES))
    np.savez(tmp_path / "one.npz", scores=np.array(VALUES))
    np.savez(tmp_path / "two.npz", scores=np.array(VALUES), others=np.zeros((1, 1)))
    for name in ("scores.npy", "one.npz", "two.npz:scores"):
        assert read_matrix(tmp_path / name).values.tolist() == VALUES
    np.save(tmp_path / "quantity.npy", np.array([1.5, 2.0, 3.0]))
    assert read_matrix(tmp_path / "quantity.npy").values.tolist() == [[1.5], [2.0], [3.0]]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("none.csv", None, "does not exist"),
        ("scores.txt", "1,2", r"must be a \.csv, \.npy, \.npz file"),
        ("scores.csv", "1,2\n3\n", "its lines have 1 to 2 fields"),
        ("scores.csv", "a,b\n1,x\n", "'x' is no number, in line 2, column 2"),
        ("scores.csv", "", "empty"),
        ("scores.csv", "1.5,2\n3,\n", "'' is no number, in line 2, column 2"),
        ("scores.csv", "0.5 0.25\n1 0\n", "separated by blanks"),
        ("scores.csv", "sky\tsea\n1\t0\n", "separated by tabs"),
        ("scores.csv", "1,nan\n", "NaN or infinity"),
        ("scores.npy", "no array", "must be readable"),
    ],
)
def test_what_is_no_matrix_is_named(tmp_path, name, content, complaint):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=complaint) as caught:
        read_matrix(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_several_arrays_need_a_name_and_objects_are_refused(tmp_path):
    np.savez(tmp_path / "two.npz", a=np.zeros((2, 2)), b=np.zeros((2, 2)))
    for name in ("two.npz", "two.npz:c"):
        with pytest.raises(UserError, match="it holds the arrays a, b"):
            read_matrix(tmp_path / name)
    np.save(tmp_path / "objects.npy", np.array([[{}]], object), allow_pickle=True)
    with pytest.raises(UserError, match="must be readable"):
        read_matrix(tmp_path / "objects.npy")


def test_truth_is_zeros_and_ones(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("1,0\n0,2\n")
    with pytest.raises(UserError, match=r"labels must be 0 or 1\. Received: 2"):
        read_matrix(file).as_truth(file)


def test_selected_labels_are_written_with_their_names(tmp_path):
    selected = np.array([[True, False], [False, True]])
    write_selected(tmp_path / "out.csv", selected, ("a.jpg", "b.jpg"), ("sky", "sea"))
    assert (tmp_path / "out.csv").read_text() == "image,sky,sea\na.jpg,1,0\nb.jpg,0,1\n"
    write_selected(tmp_path / "plain.csv", selected, None, None)
    assert (tmp_path / "plain.csv").read_text() == "1,0\n0,1\n"
    write_selected(tmp_path / "out.npy", selected, None, None)
    assert np.load(tmp_path / "out.npy").tolist() == selected.tolist()
    with pytest.raises(UserError, match=r"must be a \.csv or \.npy file"):
        write_selected(tmp_path / "out.txt", selected, None, None)


def test_a_table_as_pandas_writes_it_has_a_head(tmp_path):
    (tmp_path / "scores.csv").write_text(",0,1\n0,0.5,0.25\n1,1.0,0.0\n")
    matrix = read_matrix(tmp_path / "scores.csv")
    assert (matrix.images, matrix.labels) == (("0", "1"), ("0", "1"))
    assert matrix.values.tolist() == [[0.5, 0.25], [1.0, 0.0]]


def test_columns_that_are_numbered_from_zero_are_a_head(tmp_path):
    """As pandas writes them without an index; no row of scores looks like this."""
    (tmp_path / "scores.csv").write_text("0,1,2\n0.5,0.25,0.125\n")
    matrix = read_matrix(tmp_path / "scores.csv")
    assert matrix.labels == ("0", "1", "2")
    assert matrix.values.tolist() == [[0.5, 0.25, 0.125]]
    (tmp_path / "labels.csv").write_text("0,1\n1,0\n")
    with pytest.raises(UserError, match="may be names or numbers"):
        read_matrix(tmp_path / "labels.csv")
    assert read_matrix(tmp_path / "labels.csv", "none").values.tolist() == [[0, 1], [1, 0]]


def test_semicolons_are_named(tmp_path):
    (tmp_path / "scores.csv").write_text("0.5;0.25\n1.0;0.0\n")
    with pytest.raises(UserError, match="separated by semicolons"):
        read_matrix(tmp_path / "scores.csv")


def zipped(path, content=b"no array", name="a.npy", **options):
    with zipfile.ZipFile(path, "w", **options) as file:
        file.writestr(name, content)
    return bytearray(path.read_bytes())


def truncated(path):
    np.savez(path, a=np.zeros((50, 5)))
    path.write_bytes(path.read_bytes()[:300])


def deflated_and_damaged(path):
    np.savez_compressed(path, a=np.random.default_rng(0).random((50, 5)))
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)


def of_unknown_compression(path):
    content = zipped(path)
    content[8] = 97  # in the header, and below in the directory
    content[content.index(b"PK\x01\x02") + 10] = 97
    path.write_bytes(content)


def encrypted(path):
    content = zipped(path)
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)


def with_another_member(path):
    zipped(path, name="notes.txt")


def of_petabytes(path):
    np.save(path, np.zeros((5, 5)))
    content = path.read_bytes()
    path.write_bytes(
        content.replace(b"(5, 5), }" + b" " * 12, b"(50000000000000, 999)"[:21].ljust(18) + b", }")
    )


def of_a_long_field(path):
    path.write_text("1,0\n0," + "x" * 200_000 + "\n")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.npz", truncated),
        ("a.npz", deflated_and_damaged),
        ("a.npz", of_unknown_compression),
        ("a.npz", encrypted),
        ("a.npz", with_another_member),
        ("a.npy", of_petabytes),
        ("a.csv", of_a_long_field),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(tmp_path, name, make):
    make(tmp_path / name)
    with pytest.raises(UserError, match=rf"a matrix must be readable\. Received: .*{name}") as caught:
        read_matrix(tmp_path / name)
    assert "\n" not in str(caught.value)
