import dataclasses
import json
from pathlib import Path

import pytest

from tfrecords_tools.building.building import build_records, dry_run_summary
from tfrecords_tools.building.checking import DropReason, check
from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.source import AnnotationDefect, RecordSource, Split
from tfrecords_tools.cli.main import main
from tfrecords_tools.reading.example import Example
from tfrecords_tools.reading.published import PublishedCounts
from tfrecords_tools.shell.errors import UserError


def raw(folder: Path, make_jpeg) -> list[Example]:
    """Two good ones, the second again, missing, broken, 3 placeholders, bare, unlabelled, untagged."""
    contents = [make_jpeg(1), make_jpeg(2), make_jpeg(2), None, b"no image", *[make_jpeg(9)] * 3]
    contents += [None, make_jpeg(3), make_jpeg(4)]
    examples = []
    for number, content in enumerate(contents):
        path = folder / f"{number}.jpg"
        if content is not None:
            path.write_bytes(content)
        labels = () if number in (8, 9) else ("sea",)
        tags = () if number in (8, 10) else ("blue", f"t{number}")
        examples.append(Example(str(number), path, labels, tags))
    return examples


def made(examples: list[Example], rules: Rules = Rules(placeholder_copies=3), **more) -> RecordSource:  # noqa: B008
    train, test = examples[1:], examples[:1]
    splits = {"train": Split(len(train), lambda: iter(train)), "test": Split(len(test), lambda: iter(test))}
    return RecordSource("made", "up", ("sea",), {}, splits, rules, **more)


def test_every_image_is_counted_where_it_belongs(tmp_path: Path, make_jpeg):
    report = check(made(raw(tmp_path, make_jpeg)))
    assert dataclasses.asdict(report.splits["train"]) == {
        "candidates": 10,
        "found": 4,
        "missing": 2,
        "unreadable": 1,
        "placeholder": 3,
        "unlabelled": 2,
        "untagged": 2,
        "kept": 2,
    }
    assert report.splits["test"].kept == 1
    # the bare one counts once, as in a build, which drops it before it looks for its file
    assert report.dropped == {
        DropReason.MISSING: 1,
        DropReason.UNREADABLE: 1,
        DropReason.PLACEHOLDER: 3,
        DropReason.UNLABELLED: 2,
        DropReason.UNTAGGED: 1,
    }
    assert [(one["id"], one["reason"]) for one in report.refused] == [
        ("3", "missing"),
        ("4", "not JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF"),
        *[(str(n), "placeholder: 3 files of these bytes") for n in (5, 6, 7)],
        ("8", "missing"),
    ]
    assert report.same_content == [["1", "2"]]
    assert report.tags == {"blue": 2, "t1": 1, "t2": 1}


def test_flags_change_what_would_be_lost(tmp_path: Path, make_jpeg):
    rules = Rules(keep_unlabelled=True, keep_untagged=True, placeholder_copies=0)
    assert set(check(made(raw(tmp_path, make_jpeg), rules)).dropped) == {
        DropReason.MISSING,
        DropReason.UNREADABLE,
    }


def test_it_says_what_the_build_then_does(tmp_path: Path, make_jpeg):
    source = made(raw(tmp_path, make_jpeg), Rules(placeholder_copies=3, bad_share=0.6))
    report = check(source)
    out = tmp_path / "out"
    assert dry_run_summary(report, out=out) == f"would build {out}/made/up/1.0.0: 2 train, 1 test images"
    records = build_records(source, out=out)
    assert dict(records.splits) == {name: counts.kept for name, counts in report.splits.items()}
    assert len(records.vocabulary) == len(report.tags)
    assert records.passed_over["images"] == report.as_json()["passed_over"]["images"]
    assert records.passed_over["images"]["placeholder"] == 3
    assert dry_run_summary(report, out=out) == f"already built: {records.path}"
    assert dry_run_summary(report, out=out, overwrite=True).startswith(f"would replace {records.path}")


def test_the_dry_run_names_what_would_stop_the_build(tmp_path: Path, make_jpeg):
    examples = raw(tmp_path, make_jpeg)
    strict = made(examples, Rules(placeholder_copies=3, bad_share=0.4))
    assert dry_run_summary(check(strict), out=tmp_path / "out") == (
        "would stop: 5 of 11 images cannot be used, a share of 0.4 may"
    )
    with pytest.raises(UserError, match="Received: 5 so far"):
        build_records(strict, out=tmp_path / "out")
    empty = check(made([examples[3], *examples[:3]], Rules(bad_share=0.9)))
    assert dry_run_summary(empty, out=tmp_path / "out") == "would stop: no image for test"
    both = check(made([examples[3], *examples[:3]], Rules(bad_share=0)))
    assert both.obstacles == ["1 of 4 images cannot be used, a share of 0 may", "no image for test"]
    wrong = check(made(examples[:3], defects=(AnnotationDefect("labels.txt", 7, "2, neither 0 nor 1"),)))
    assert wrong.dropped == {DropReason.LABEL_ERRORS: 1}
    assert dry_run_summary(wrong, out=tmp_path / "out") == "would stop: 1 label error"
    with pytest.raises(UserError, match=r"labels\.txt:7: 2, neither 0 nor 1"):
        build_records(wrong.source, out=tmp_path / "out")


def test_the_report_has_repeated_photographs_defects_and_published_counts(tmp_path: Path, make_jpeg):
    source = made(
        raw(tmp_path, make_jpeg)[:3],
        defects=(AnnotationDefect("labels.txt", 7, "2"),),
        repeated={"77": ("1", "2")},
        published=(PublishedCounts("the paper", train=5, test=3),),
    )
    facts = json.loads(json.dumps(check(source).as_json()))
    assert facts["label_errors"] == [{"file": "labels.txt", "row": 7, "problem": "2"}]
    assert facts["repeated_ids"] == {"77": ["1", "2"]}
    assert facts["published"][0] == {"where": "the paper", "split": "train", "ours": 2, "published": 5}


def test_the_command_fails_on_losses_that_nothing_accepts(coco_raw, capsys):
    where = str(coco_raw())
    assert main(["check", "mscoco", "--raw", where]) == 1
    said = capsys.readouterr().out
    assert "lost: 1 unlabelled (--keep-unlabelled keeps them)" in said
    assert "lost: 2 untagged (--keep-untagged keeps them)" in said
    assert main(["check", "mscoco", "--raw", where, "--accept", "unlabelled"]) == 1
    assert main(["check", "mscoco", "--raw", where, "--accept", "unlabelled", "--accept", "untagged"]) == 0
    capsys.readouterr()
    assert main(["check", "mscoco", "--raw", where, "--keep-unlabelled", "--keep-untagged", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["lost"] == {}
    assert sum(split["kept"] for split in facts["splits"].values()) == 25


def test_a_dry_run_writes_nothing(coco_raw, tmp_path: Path, capsys):
    out = tmp_path / "out"
    assert main(["build", "mscoco", "--raw", str(coco_raw()), "--out", str(out), "--dry-run"]) == 0
    assert f"would build {out}/mscoco/2017/1.0.0" in capsys.readouterr().out
    assert not out.exists()
