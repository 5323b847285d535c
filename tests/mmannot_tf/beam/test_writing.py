"""The files that an --out stands for, and which of an earlier run go."""

import pytest

from mmannot_tf.beam.writing import ShardedFiles, parquet_row, parquet_schema
from mmannot_tf.serving.annotation import Annotation, Unreadable


@pytest.mark.parametrize(
    ("out", "output_format", "expected"),
    [
        ("bucket://a/labels.jsonl", None, ("bucket://a/labels", ".jsonl", "jsonl")),
        ("/a.b/labels.CSV", None, ("/a.b/labels", ".CSV", "csv")),
        ("/a/of.2019.parquet", None, ("/a/of.2019", ".parquet", "parquet")),
        ("/a/labels.txt", "jsonl", ("/a/labels", ".txt", "jsonl")),
        ("/a/labels", "csv", ("/a/labels", "", "csv")),
    ],
)
def test_the_suffix_or_the_format_says_what_is_written(out, output_format, expected):
    files = ShardedFiles.of(out, output_format)
    assert (files.prefix, files.suffix, files.format) == expected


def _names(folder):
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("base", ["bucket://", "local"])
def test_files_of_an_earlier_run_go_and_no_others(bucket, base):
    earlier = ["l.1-00000-of-00002.csv", "l.1-00001-of-00002.csv", "beam-temp-l.1-0a/half"]
    own = ["l.1-00000-of-00003.csv", "l.1-00001-of-00003.csv", "l.1-00002-of-00003.csv"]
    others = ["l1-00000-of-00002.csv", "l.1-of-mine.csv", "l.1-00000-of-00002.jsonl", "beam-temp-l1-0a/x"]
    for name in (*earlier, *own, *others):
        (bucket / name).parent.mkdir(exist_ok=True)
        (bucket / name).write_text(name)
    place = base if base != "local" else f"{bucket}/"
    files = ShardedFiles.of(f"{place}l.1.csv", None)
    assert files.shards() == [f"{place}{name}" for name in (earlier[0], own[0], earlier[1], *own[1:])]
    assert files.remove_others([]) == 0
    assert files.remove_others([f"{place}{own[1]}"]) == 2
    assert files.shards() == [f"{place}{name}" for name in own]
    assert _names(bucket) == sorted([*own, *others])


def test_rows_of_parquet_have_all_fields_and_only_utf_8():
    annotated = parquet_row(Annotation("\udcff.jpg", "sea", (("sky", 0.5),), float("nan"), ("fog",)), "m")
    assert annotated == {
        "image": r"\udcff.jpg",
        "tags": "sea",
        "predicted_quantity": None,
        "annotations": [{"label": "sky", "probability": 0.5}],
        "unknown_tags": ["fog"],
        "error": None,
        "model": "m",
    }
    assert parquet_row(Unreadable("a.jpg", "", "missing"), "m")["annotations"] is None
    assert [*annotated] == parquet_schema().names
