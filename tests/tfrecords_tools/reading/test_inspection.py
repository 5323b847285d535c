import pytest
from rich.console import Console

from tfrecords_tools.reading.inspection import inspect, tables
from tfrecords_tools.reading.published import PublishedCounts, published_counts
from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.synthetic.source import synthetic_source


def test_counts_agree_with_the_source(built: Records, small_settings):
    counts = inspect(built)
    for split, offered in synthetic_source(small_settings).splits.items():
        examples = list(offered.examples())
        quantities = [len(one.labels) for one in examples]
        assert counts["splits"][split] == {
            "images": len(examples),
            "labels_per_image": pytest.approx(sum(quantities) / len(examples)),
            "tags_per_image": pytest.approx(sum(len(one.tags) for one in examples) / len(examples)),
            "without_tags": sum(one.tags == () for one in examples),
            "label_frequencies": {name: sum(name in one.labels for one in examples) for name in built.labels},
            "labels_histogram": {str(n): quantities.count(n) for n in sorted(set(quantities))},
        }
    assert counts["digest"] == built.digest
    assert counts["vocabulary"] == len(built.vocabulary)
    assert list(counts["most_frequent_tags"]) == list(built.vocabulary[:20])
    assert counts["published"] == []


def test_the_tables_show_every_label_and_split(built: Records, capsys):
    Console(width=120).print(*tables(inspect(built)))
    shown = capsys.readouterr().out
    assert all(word in shown for word in (*built.labels, *built.splits, built.digest[:12]))


def test_labels_are_no_markup_and_no_escapes(built: Records, capsys):
    counts = inspect(built)
    for split in counts["splits"].values():
        split["label_frequencies"] = {"[bold]x[/bold]": 1, "a\x1b[31m": 2}
    Console(width=120).print(*tables(counts))
    shown = capsys.readouterr().out
    assert "[bold]x[/bold]" in shown and r"a\x1b[31m" in shown


def test_the_papers_training_images_stand_beside_train_and_validation_together():
    printed = PublishedCounts("the paper", train=56_414, test=30_774)
    assert published_counts([printed], {"train": 70, "validation": 10, "test": 40}) == [
        {"where": "the paper", "split": "train", "ours": 70 + 10, "published": 56_414},
        {"where": "the paper", "split": "test", "ours": 40, "published": 30_774},
    ]


def test_a_corrupt_shard_is_a_named_failure(copied: Records):
    shard = next(copied.path.glob("*-train.tfrecord*"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    with pytest.raises(UserError, match=r"records must be whole.*corrupted record.*mmannot-records verify"):
        inspect(copied)
