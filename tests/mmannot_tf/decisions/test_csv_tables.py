"""Which lines and columns of a CSV file are names; where both can be meant, the file is refused."""

import pytest

from mmannot_tf.decisions.csv_tables import read_table


def read(tmp_path, text, names="auto"):
    (tmp_path / "table.csv").write_text(text)
    return read_table(tmp_path / "table.csv", names)


@pytest.mark.parametrize(
    ("text", "images", "labels", "rows"),
    [
        ("photo,sky,sea\na.jpg,0.5,0.25\n", ("a.jpg",), ("sky", "sea"), 1),
        ("sky,none,sea\n0.5,0.25,0\n", None, ("sky", "none", "sea"), 1),
        ("101,102,103\n0.5,0.25,0\n1,0,1\n", None, ("101", "102", "103"), 2),
        ("1,2,3\n0.5,0.25,0\n", None, ("1", "2", "3"), 1),
        ("photo,1,2,3\na.jpg,0.5,0.25,0\n", ("a.jpg",), ("1", "2", "3"), 1),
        (",0,1\n0,0.5,0.25\n1,1.0,0.0\n", ("0", "1"), ("0", "1"), 2),
        ("id,sky\n1,0\n2,1\n3,0\n", ("1", "2", "3"), ("sky",), 3),
        ("image,sky\n12,0\nb.jpg,1\n", ("12", "b.jpg"), ("sky",), 2),
        ("1,0\n0,1\n", None, None, 2),
        ("3,1,2\n1,1,4\n", None, None, 2),
        ("a.jpg,1,0\nb.jpg,0,1\n", ("a.jpg", "b.jpg"), None, 2),
        ("3\n2.5\n", None, None, 2),
        ("1\n0\n", None, None, 2),
    ],
)
def test_what_can_be_read_in_one_way_only_is_read(tmp_path, text, images, labels, rows):
    table = read(tmp_path, text)
    assert (table.images, table.labels, len(table.values)) == (images, labels, rows)


@pytest.mark.parametrize(
    "text",
    [
        "0.5,,0.3\n0.1,0.2,0.3\n",  # a number is missing
        "0.5,NA,0.3\n0.1,0.2,0.3\n",
        "a.jpg,NA,NA\nb.jpg,0.2,0.3\n",
        "0.5,O.3,0.2\n0.1,0.2,0.3\n",  # the letter O
        "0,1\n0.5,0.25\n",  # columns as pandas names them, or an image
        "0,1\n1,0\n",
        "photo,0,1\na.jpg,1,0\n",
        "0\n0.5\n",
        "101,102,103\n-1.5,2.5,0.5\n",  # beside scores that are no probabilities
        "1,2,3,4,5\n-1.5,2.5,0.5,0.25,3\n",
        "7,3,9\n-1.5,2.5,0.5\n",
        "0,1,2\n3,0,1\n",  # votes
        ",0.5,0.25\na.jpg,0.5,0.25\n",
        "image,0.5,0.25\nb,0.5,0.25\n",
        "path,sky\n0.5,0.25\n0.75,0\n",  # a label of this name, or images
        "id,sky\n1,0\n0,1\n0,1\n",
        "0.5,0.25\nNA,0.5\n",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(tmp_path, text):
    with pytest.raises(ValueError, match=r"may be names or numbers .*--names none, labels, images or both"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("names", "images", "labels", "values"),
    [
        ("none", None, None, [[0, 1, 2], [3, 0, 1]]),
        ("labels", None, ("0", "1", "2"), [[3, 0, 1]]),
        ("images", ("0", "3"), None, [[1, 2], [0, 1]]),
        ("both", ("3",), ("1", "2"), [[0, 1]]),
    ],
)
def test_it_is_read_as_the_caller_says(tmp_path, names, images, labels, values):
    table = read(tmp_path, "0,1,2\n3,0,1\n", names)
    assert table == (values, images, labels)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("\n\n0.5,0.5\n\n0.1,x\n", "'x' is no number, in line 5, column 2"),
        ("0.5,0.5\n0.5,1_0\n", "'1_0' is no number"),
        ("sky,sea,sky\n0.5,0.5,0.5\n", "the first line names the label 'sky' twice"),
        ("image,sky,\na.jpg,0.5,0.5\n", "column 3 has no name"),
        ("sky sea\n0.5 0.25\n", "separated by blanks"),
        ("image sky sea\na.jpg 0.5 0.25\n", "separated by blanks"),
    ],
)
def test_a_fault_is_named_where_it_stands(tmp_path, text, complaint):
    with pytest.raises(ValueError, match=complaint):
        read(tmp_path, text)
