import contextlib
import csv
import json
import math
import os
import resource
from pathlib import Path

import pytest

from mmannot_tf.serving.annotation import Annotation, Unreadable
from mmannot_tf.serving.inputs.photographs import PhotographFile
from mmannot_tf.serving.outputs.csv_rows import COLUMNS, CsvRows
from mmannot_tf.serving.outputs.factory import open_output
from mmannot_tf.serving.outputs.json_lines import JsonLines
from mmannot_tf.serving.outputs.output import EarlierAnnotation
from mmannot_tf.serving.outputs.record_file import RecordFile
from mmannot_tf.serving.outputs.sidecars import Sidecars
from tfrecords_tools.shell.cells import unescaped
from tfrecords_tools.shell.errors import UserError

RESULTS = (
    Annotation("in/a.jpg", 'sea, "sun"', (("boat", 0.75), ("sky", 0.5)), 2.25),
    Unreadable("in/b.jpg", "", "no image"),
    Annotation('c,"\nø.jpg', "été", (("boat", 0.5),), 0.5),
    Annotation(os.fsdecode(b"\xff.jpg"), "", (("sky", 0.25),), 1.0),
)
FORMATS = [JsonLines, CsvRows]


def _photograph(image):
    return PhotographFile(Path(image), image)


def _wanted(file, record_format, model="m"):
    output = RecordFile(file, record_format(), model)
    wanted = [result.image for result in RESULTS if output.wants(_photograph(result.image))]
    output.close()
    return wanted, output


@pytest.fixture(params=FORMATS, ids=["jsonl", "csv"])
def record_format(request):
    return request.param


@pytest.fixture
def written(tmp_path, record_format):
    file = tmp_path / "new" / "labels"
    output = RecordFile(file, record_format(), "m")
    assert output.write(RESULTS[:2]) == list(RESULTS[:2])
    output.write(RESULTS[2:])
    output.close()
    return file


def test_a_second_run_wants_only_what_has_an_error(written, record_format):
    before = written.read_bytes()
    wanted, output = _wanted(written, record_format)
    assert (wanted, output.already_done, output.truncated_bytes) == (["in/b.jpg"], 3, 0)
    assert written.read_bytes() == before


def test_errors_can_be_kept(written, record_format):
    output = RecordFile(written, record_format(), "m", retry_errors=False)
    assert [output.wants(_photograph(result.image)) for result in RESULTS] == [False] * 4
    assert output.earlier_errors == 1
    output.close()


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "killed"])
def test_a_new_record_replaces_an_error(written, record_format, closed):
    whole, new = written.read_bytes(), Annotation("in/b.jpg", "", (("sky", 0.5),), 1.0)
    first, _, *rest = (record_format().line(result, "m") for result in RESULTS)
    replaced = b"".join([record_format.header, first, *rest, record_format().line(new, "m")])
    if closed:
        output = RecordFile(written, record_format(), "m")
        assert output.earlier_errors == 1 and output.wants(_photograph("in/b.jpg"))
        assert output.earlier_errors == 0
        output.write([new])
        output.close()
        assert written.read_bytes() == replaced
    else:
        written.write_bytes(whole + record_format().line(new, "m"))
    wanted, again = _wanted(written, record_format)
    assert (wanted, again.already_done, again.earlier_errors) == ([], 4, 0)
    assert written.read_bytes() == replaced


def test_the_same_error_is_not_written_again_and_another_one_replaces_it(written, record_format):
    before = written.read_bytes()
    output = RecordFile(written, record_format(), "m")
    output.write([RESULTS[1]])
    output.close()
    assert written.read_bytes() == before
    output = RecordFile(written, record_format(), "m")
    output.write([Unreadable("in/b.jpg", "", "truncated")])
    output.close()
    assert written.read_bytes().count(b"in/b.jpg") == 1 and b"truncated" in written.read_bytes()


def test_after_a_kill_at_any_byte_whole_records_stay_and_the_rest_is_wanted(written, record_format):
    whole, header = written.read_bytes(), len(record_format.header)
    ends = [header]
    for result in RESULTS:
        ends.append(ends[-1] + len(record_format().line(result, "m")))
    assert ends[-1] == len(whole)
    for size in range(len(whole) + 1):
        written.write_bytes(whole[:size])
        done = sum(end <= size for end in ends[1:])
        wanted, output = _wanted(written, record_format)
        failed = [result.image for result in RESULTS[:done] if isinstance(result, Unreadable)]
        assert wanted == [*failed, *(result.image for result in RESULTS[done:])]
        assert written.read_bytes() == whole[: max(ends[done], header)]
        assert output.already_done == done - len(failed)


def test_what_is_appended_after_a_cut_makes_the_file_whole(written, record_format):
    whole = written.read_bytes()
    written.write_bytes(whole[:-7])
    output = RecordFile(written, record_format(), "m")
    output.write(RESULTS[3:])
    output.close()
    assert written.read_bytes() == whole


def test_another_models_file_is_refused_and_left(written, record_format):
    before = written.read_bytes()
    with pytest.raises(UserError, match="same model"):
        _wanted(written, record_format, model="other")
    assert written.read_bytes() == before


@pytest.mark.parametrize("content", ["my notes\nand more\n", '[1, 2]\n{"image": 3}\n', "a,b\n1,2\n", "x"])
def test_a_file_of_something_else_is_refused_and_left(tmp_path, record_format, content):
    file = tmp_path / "mine"
    file.write_text(content)
    with pytest.raises(UserError, match="must be new"):
        _wanted(file, record_format)
    assert file.read_text() == content


def test_each_photograph_is_wanted_once(tmp_path, record_format):
    output = RecordFile(tmp_path / "labels", record_format(), "m")
    assert [output.wants(_photograph("a.jpg")) for _ in range(2)] == [True, False]
    output.close()


def test_json_lines_are_utf_8_whatever_the_names(tmp_path):
    file = tmp_path / "labels.jsonl"
    output = RecordFile(file, JsonLines(), "m")
    output.write(RESULTS)
    output.close()
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [record["image"] for record in records] == [result.image for result in RESULTS]
    assert records[0] == {**RESULTS[0].document(), "model": "m"}
    assert records[1] == {"image": "in/b.jpg", "tags": "", "error": "no image", "model": "m"}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_quantity_that_is_no_number_is_null_in_json(value):
    line = JsonLines().line(Annotation("a.jpg", "", (("sky", 0.5),), value), "m")
    assert json.loads(line)["predicted_quantity"] is None


def test_csv_is_read_by_others(tmp_path):
    file = tmp_path / "labels.csv"
    output = RecordFile(file, CsvRows(), "m")
    output.write(RESULTS)
    output.close()
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["labels"], rows[0]["probabilities"]) == ("boat; sky", "0.750000; 0.500000")
    assert [row["error"] for row in rows] == ["", "no image", "", ""]
    assert [unescaped(row["image"]) for row in rows] == [result.image for result in RESULTS]
    assert [row["image"] for row in rows] == ["in/a.jpg", "in/b.jpg", 'c,"\\x0aø.jpg', r"\xff.jpg"]


def test_a_csv_of_before_names_were_escaped_is_resumed(tmp_path):
    file = tmp_path / "labels.csv"
    old = 'in/a.jpg,"sea, ""sun""",2.25,boat; sky,0.75; 0.5,,m\n"c,""\nø.jpg",été,0.5,boat,0.5,,m\n'
    file.write_bytes(CsvRows.header + old.encode() + b"\xff.jpg,,1.0,sky,0.25,,m\n=\r.jpg,,1.0,sky,0.25,,m\n")
    wanted, output = _wanted(file, CsvRows)
    assert (wanted, output.already_done) == (["in/b.jpg"], 4)
    with file.open("rb") as lines:
        lines.readline()
        records = list(CsvRows().records(line.decode(errors="replace") for line in lines))
    assert records[3].image == "=\r.jpg"


class TestOpening:
    def test_the_suffix_says_the_form_and_the_option_overrides_it(self, tmp_path):
        for name, record_format, first in (
            ("a.jsonl", None, b""),
            ("a.CSV", None, b"image"),
            ("a.txt", "csv", b"image"),
        ):
            output = open_output(tmp_path / name, record_format, "m")
            output.close()
            assert (tmp_path / name).read_bytes()[:5] == first
        output = open_output(None, "xmp", "m")
        assert isinstance(output, Sidecars)
        output.close()
        assert open_output(None, None, "m") is None

    @pytest.mark.parametrize(
        ("out", "record_format", "message"),
        [
            ("labels.txt", None, r"jsonl, csv or xmp. Received: .*labels\.txt"),
            (None, "yaml", "Received: yaml"),
            ("labels.xmp", None, "takes no --out"),
            (None, "csv", "needs a file"),
            (".", "csv", "a folder"),
        ],
    )
    def test_what_does_not_go_together_is_refused(self, tmp_path, out, record_format, message):
        with pytest.raises(UserError, match=message):
            open_output(out and tmp_path / out, record_format, "m")


def test_long_tags_and_errors_with_escapes_are_read_again(tmp_path, record_format):
    csv.field_size_limit(131_072)  # Python's own, which another reader of this process may have raised
    file, failed = tmp_path / "labels", Unreadable("b.jpg", "", "=1\x1b")
    results = [Annotation("a.jpg", "sea, " * 30_000, (("sky", 0.5),), 1.0), failed]
    for _ in range(2):
        output = RecordFile(file, record_format(), "m")
        output.write([failed] if output.already_done else results)
        output.close()
    assert output.already_done == 1
    with file.open(encoding="utf-8", newline="") as lines:
        stored = list(record_format().records(_after_header(lines, record_format)))
    assert [record.error for record in stored][-1] == "=1\x1b"


def test_a_second_run_has_the_tags_of_the_first_and_when_it_ended(tmp_path, record_format):
    file, tags = tmp_path / "labels", "=sea, \x1b été"
    output = RecordFile(file, record_format(), "m")
    output.write([Annotation("a.jpg", tags, (("sky", 0.5),), 1.0)])
    output.close()
    os.utime(file, (1_000_000_000.5, 1_000_000_000.5))
    again = RecordFile(file, record_format(), "m")
    assert again.earlier(_photograph("a.jpg")) == EarlierAnnotation(tags, 1_000_000_000.5)
    assert again.earlier(_photograph("b.jpg")) is None
    again.close()


def _after_header(lines, record_format):
    if record_format.header:
        next(lines)
    return lines


def test_only_a_regular_file_is_written(tmp_path, record_format):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "full").symlink_to("/dev/full")
    for name in ("pipe", "full"):
        with pytest.raises(UserError, match=f"--out must be a regular file. Received: .*{name}"):
            RecordFile(tmp_path / name, record_format(), "m")


def test_a_full_disk_names_the_file_and_the_next_run_goes_on(tmp_path, record_format):
    """A temporary limit on the size of files simulates a full disk."""
    file = tmp_path / "out"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    output = RecordFile(file, record_format(), "m")
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 60, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught, contextlib.closing(output):
            output.write(RESULTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.filename == str(file)
    wanted, _ = _wanted(file, record_format)
    assert wanted[-1] == RESULTS[-1].image
