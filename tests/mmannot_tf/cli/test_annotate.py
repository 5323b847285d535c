import csv
import json

import fsspec
import pytest
from PIL import Image
from tiers import exhaustive

from mmannot_tf.cli.main import app
from tfrecords_tools.photographs.keyword_fields import SUBJECT
from tfrecords_tools.photographs.xmp import XmpPacket
from tfrecords_tools.reading.records import read
from tfrecords_tools.shell.console import run as run_app
from tfrecords_tools.tag_rule.rule import split_tags

NO_PHOTOGRAPH = "not JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF"


@pytest.fixture
def folder(tmp_path):
    """Four photographs and two files that are none, in folders."""
    for number, name in enumerate(("a.jpg", "in/b.jpg", "in/c.png", "in/deeper/d.jpg")):
        file = tmp_path / "photos" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (60, 40), (60 * number, 100, 200)).save(file)
    for name in ("in/broken.jpg", "z.jpg"):
        (tmp_path / "photos" / name).write_bytes(b"nothing")
    return tmp_path / "photos"


def _annotate(capsys, *arguments):
    """Status, stdout and stderr."""
    capsys.readouterr()
    status = run_app(app, ["annotate", *map(str, arguments)])
    output = capsys.readouterr()
    return status, output.out, output.err


def _records(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_folder_becomes_json_lines_with_its_tags_and_errors(tiny_run, folder, tmp_path, capsys):
    tags, out = tmp_path / "tags.csv", tmp_path / "labels.jsonl"
    tags.write_text('image,tags\na.jpg,"sea, sun"\nin/deeper/d.jpg,night\n')
    status, stdout, stderr = _annotate(capsys, tiny_run.path, folder, "--tags-file", tags, "--out", out)
    assert (status, stdout) == (1, "")
    records = _records(out)
    names = ["a.jpg", "in/b.jpg", "in/broken.jpg", "in/c.png", "in/deeper/d.jpg", "z.jpg"]
    assert [record["image"] for record in records] == [str(folder / name) for name in names]
    assert [record["tags"] for record in records] == ["sea, sun", "", "", "", "night", ""]
    assert [record.get("error") for record in records][2] == "not JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF"
    assert all(record["annotations"] for record in records if "error" not in record)
    assert "annotated 4 photographs" in stderr
    assert f"error: {folder / 'z.jpg'}: {NO_PHOTOGRAPH}" in stderr
    assert stderr.splitlines()[-1].endswith("Received: 2 with an error, named above.")


def test_a_second_run_goes_on_and_annotates_what_is_new(tiny_run, folder, tmp_path, capsys):
    out = tmp_path / "labels.csv"
    assert _annotate(capsys, tiny_run.path, folder, "--out", out, "--on-error", "skip")[0] == 0
    before = out.read_text()
    Image.new("RGB", (60, 40)).save(folder / "new.jpg")
    status, _, stderr = _annotate(capsys, tiny_run.path, folder, "--out", out)
    assert status == 1
    assert "annotated 1 photograph in" in stderr
    assert "4 were annotated already" in stderr
    assert "Received: 2 with an error, named above." in stderr
    assert out.read_text().startswith(before)
    with out.open(newline="") as lines:
        assert [row["image"] for row in csv.DictReader(lines)][-1] == str(folder / "new.jpg")


@pytest.mark.exhaustive
def test_unreadable_files_can_be_skipped(tiny_run, folder, tmp_path, capsys):
    out = tmp_path / "labels.jsonl"
    status, _, stderr = _annotate(capsys, tiny_run.path, folder, "--out", out, "--on-error", "skip")
    assert status == 0
    assert len(_records(out)) == 6
    assert "skipped: " in stderr


@pytest.mark.exhaustive
def test_an_unreadable_file_can_end_it_and_a_second_run_comes_upon_it_again(
    tiny_run, folder, tmp_path, capsys
):
    out = tmp_path / "labels.jsonl"
    for _ in range(2):
        status, _, stderr = _annotate(capsys, tiny_run.path, folder, "--out", out, "--on-error", "fail")
        assert status == 1
        assert [record["image"] for record in _records(out)] == [
            str(folder / "a.jpg"),
            str(folder / "in/b.jpg"),
        ]
        assert f"error: {folder / 'in/broken.jpg'}" in stderr
    (folder / "in" / "broken.jpg").unlink()
    (folder / "z.jpg").unlink()
    assert _annotate(capsys, tiny_run.path, folder, "--out", out, "--on-error", "fail")[0] == 0
    assert len(_records(out)) == 4


@pytest.mark.exhaustive
def test_keywords_go_beside_the_photographs_and_back(tiny_run, folder, capsys):
    status, stdout, _ = _annotate(capsys, tiny_run.path, folder, "--format", "xmp", "--json")
    assert status == 1
    assert json.loads(stdout)["annotated"] == 4
    status, stdout, _ = _annotate(capsys, tiny_run.path, folder / "a.jpg", "--json")
    labels = [annotation["label"] for annotation in json.loads(stdout)["photographs"][0]["annotations"]]
    assert XmpPacket((folder / "a.jpg.xmp").read_bytes()).values(SUBJECT.name) == labels
    assert not (folder / "z.jpg.xmp").exists()
    assert "4 were annotated already" in _annotate(capsys, tiny_run.path, folder, "--format", "xmp")[2]


def _without_names(file):
    return [{name: value for name, value in record.items() if name != "image"} for record in _records(file)]


@pytest.mark.exhaustive
def test_photographs_and_output_elsewhere_give_the_same_records(tiny_run, folder, tmp_path, capsys):
    """In fsspec's memory, where a second run goes on."""
    system, here = fsspec.filesystem("memory"), tmp_path / "labels.jsonl"
    system.put(str(folder), "/bulk/photos", recursive=True)
    options = ("--on-error", "skip")
    assert _annotate(capsys, tiny_run.path, folder, "--out", here, *options)[0] == 0
    out = ("memory://bulk/photos", "--out", "memory://bulk/out/labels.jsonl", *options)
    assert _annotate(capsys, tiny_run.path, *out)[0] == 0
    system.get_file("/bulk/out/labels.jsonl", str(tmp_path / "there.jsonl"))
    assert _without_names(tmp_path / "there.jsonl") == _without_names(here)
    assert "4 were annotated already" in _annotate(capsys, tiny_run.path, *out)[2]
    system.rm("/bulk", recursive=True)


@pytest.mark.exhaustive
def test_shards_of_a_list_with_tags_make_up_the_whole(tiny_run, folder, tmp_path, capsys):
    names = [folder / name for name in ("a.jpg", "in/b.jpg", "in/c.png", "in/deeper/d.jpg")]
    rows = [f'{name},"sea, number {number}"' for number, name in enumerate(names)]
    (tmp_path / "list.csv").write_text("\n".join(["image,tags", *rows]) + "\n")
    records = []
    for shard in ("0/2", "1/2"):
        out = tmp_path / f"{shard[0]}.jsonl"
        options = ("--from-list", tmp_path / "list.csv", "--shard", shard, "--out", out)
        assert _annotate(capsys, tiny_run.path, *options)[0] == 0
        records += _records(out)
    assert sorted((record["image"], record["tags"]) for record in records) == [
        (str(name), f"sea, number {number}") for number, name in enumerate(names)
    ]


def test_records_are_annotated_with_their_tags(tiny_run, tiny_records, tmp_path, capsys):
    out = tmp_path / "labels.jsonl"
    assert _annotate(capsys, tiny_run.path, tiny_records.path, "--out", out)[0] == 0
    examples = {
        example["id"].numpy().decode(): [tag.decode() for tag in example["tags"].numpy()]
        for split in ("train", "validation", "test")
        for example in read(tiny_records, split, images=False)
    }
    assert {record["image"]: split_tags(record["tags"]) for record in _records(out)} == examples


@pytest.mark.parametrize("engine", exhaustive(["onnx", "auto"]))
def test_another_engine_writes_the_same_labels(exported, folder, tmp_path, capsys, engine):
    labels = {}
    for name in ("tensorflow", engine):
        out = tmp_path / f"{name}.jsonl"
        arguments = (exported, folder, "--engine", name, "--out", out, "--on-error", "skip")
        status, _, stderr = _annotate(capsys, *arguments)
        assert status == 0
        labels[name] = [
            [annotation["label"] for annotation in record.get("annotations", ())] for record in _records(out)
        ]
    assert ("engine: " in stderr) == (engine == "auto")
    assert labels[engine] == labels["tensorflow"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--engine", "torch"), "--engine must be"),
        (("--out", "labels.txt"), "--out must end in .jsonl or .csv"),
        (("--format", "csv"), "needs a file"),
        (("--tags-file", "none.csv"), "--tags-file must exist"),
        (("--precision", "bfloat16"), "--precision bfloat16 is for"),
        (("--engine", "onnx"), "export it first"),
        (("--shard", "2/2"), "--shard must be i/N"),
        (("--from-list", "none.csv"), "--from-list must exist"),
        (("nowhere://bucket/a.jpg",), "fsspec knows"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tiny_run, folder, arguments, message, capsys):
    status, stdout, stderr = _annotate(capsys, tiny_run.path, folder, *arguments)
    assert (status, stdout) == (1, "")
    assert message in stderr
    assert stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("--on-error", "ignore"), ("--precision", "int4"), ("--batch-size", "0")]
)
def test_wrong_usage_exits_2(tiny_run, folder, arguments, capsys):
    assert _annotate(capsys, tiny_run.path, folder, *arguments)[0] == 2
