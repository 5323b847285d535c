"""One rule for tags, from a manifest to the served graph."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import served
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmannot_tf.data.tag_index import TagIndex
from mmannot_tf.data.tags import graph_splitter, indices_of, tag_table
from mmannot_tf.runs.run import open_run
from mmannot_tf.serving.metadata import METADATA_FILE
from mmannot_tf.serving.model import open_model
from tfrecords_tools.cli.main import main as records
from tfrecords_tools.reading.example import Example
from tfrecords_tools.reading.marker import seal
from tfrecords_tools.reading.records import MARKER, open_records, read
from tfrecords_tools.shell.documents import sealed
from tfrecords_tools.tag_rule.rule import lookup_key

SPELLINGS = ("SEA", "#sea", "\uff33\uff25\uff21", "sea\u00a0", "\ufeffsea", " #sea\t")


def build(folder: Path, rows: list[list[str]], *options: str) -> int:
    """Builds a manifest of JSON lines, a photograph for each list of tags; the last two do not train."""
    manifest = folder / "own.jsonl"
    splits = ["train"] * (len(rows) - 2) + ["validation", "test"]
    lines = []
    for number, (tags, split) in enumerate(zip(rows, splits, strict=True)):
        Image.new("RGB", (32, 32), (20 * number, 90, 200 - 20 * number)).save(folder / f"{number}.png")
        lines.append(json.dumps({"path": f"{number}.png", "labels": ["beach"], "tags": tags, "split": split}))
    manifest.write_text("\n".join(lines), encoding="utf-8")
    argv = ["build", "manifest", "--raw", str(folder), "--manifest", str(manifest)]
    return records([*argv, "--out", str(folder / "records"), *options])


def set_tag_rule(folder: Path, rule: int | None) -> None:
    """Changes what records state; None states nothing, as earlier versions did."""
    file = folder / MARKER
    marker = {key: value for key, value in json.loads(file.read_text()).items() if key != "seal"}
    marker.pop("tag_rule")
    marker |= {} if rule is None else {"tag_rule": rule}
    file.write_text(json.dumps({**marker, "seal": seal(marker)}))


def test_fault_05_spellings_of_a_tag_are_one_tag_in_records(tmp_path):
    rows = [["San Francisco, CA"], ["sch\u00f6n", "scho\u0308n"], ["scho\u0308n", "#Beach"], ["beach\u00a0"]]
    assert build(tmp_path, [*rows, ["x"], ["x"]]) == 0
    opened = open_records(tmp_path / "records")
    vocabulary = (opened.path / "vocabulary.tsv").read_text(encoding="utf-8")
    assert vocabulary == "beach\t2\nsch\u00f6n\t2\nsan francisco ca\t1\n"
    assert [list(row["tags"]) for row in read(opened, "test").as_numpy_iterator()] == [[b"x"]]
    assert (opened.tag_rule, json.loads((opened.path / MARKER).read_text())["tag_rule"]) == (2, 2)


def test_fault_05_records_of_before_are_kept_and_their_rule_is_said(tmp_path, capsys):
    rows = [["sea"], ["sky"], ["x"], ["x"]]
    assert build(tmp_path, rows) == 0
    folder = open_records(tmp_path / "records").path
    set_tag_rule(folder, None)
    assert open_records(folder).tag_rule == 1
    capsys.readouterr()
    assert build(tmp_path, rows) == 0
    err = " ".join(capsys.readouterr().err.split())
    assert "already built" in err and "spells tags by version 1 of the tag rule, not 2" in err


def test_fault_05_records_of_a_rule_of_later_are_refused(tmp_path, capsys):
    assert build(tmp_path, [["sea"], ["x"], ["x"]]) == 0
    set_tag_rule(open_records(tmp_path / "records").path, 3)
    assert build(tmp_path, [["sea"], ["x"], ["x"]]) == 1
    assert "tag_rule must be 1 or 2, not 3" in " ".join(capsys.readouterr().err.split())


@given(st.lists(st.text(), min_size=1, max_size=5), st.text())
@settings(deadline=None)
def test_fault_05_the_served_graph_looks_up_what_a_record_holds(graph_of, spellings, text):
    vocabulary = Example("a", b"", (), tuple(spellings)).tags
    assert (
        graph_of(vocabulary, [*vocabulary, text])
        == TagIndex(vocabulary, 2)
        .lists(TagIndex(vocabulary, 2).split([*vocabulary, text]))
        .max(axis=1, initial=-1)
        .tolist()
    )


@pytest.fixture(scope="session")
def graph_of():
    """The highest index that a graph finds in each text, for a vocabulary."""
    split = tf.function(graph_splitter(2), input_signature=[tf.TensorSpec([None], tf.string)])

    def found(vocabulary, texts):
        words = split(tf.constant([text.encode("utf-8", "replace") for text in texts]))
        table = tag_table(list(map(lookup_key, vocabulary)))
        return [max(row, default=-1) for row in indices_of(words, table).to_list()]

    return found


def test_fault_05_annotate_counts_and_names_unknown_tags(annotate, write_photo, tmp_path):
    photos = [write_photo(tmp_path / f"{number}.jpg", number) for number in range(2)]
    out = tmp_path / "labels.jsonl"
    tags = f"{served.TAGS[0]}; Nobody, #zzz"
    status, stdout, stderr = annotate(*photos, "--tags", tags, "--out", out, "--json")
    assert status == 0
    named = {"nobody": 2, "zzz": 2}
    assert json.loads(stdout)["unknown_tags"] == {"images": 2, "tags": 4, "named": named}
    assert "tags of 2 images and ignored them: nobody (2), zzz (2)" in " ".join(stderr.split())
    assert [json.loads(line)["unknown_tags"] for line in out.read_text().splitlines()] == [
        ["nobody", "zzz"],
        ["nobody", "zzz"],
    ]


def test_fault_05_semicolons_separate_and_the_form_and_json_say_what_is_unknown(client, photo, b64):
    known = served.TAGS[0]
    text = f"#{known.upper()}; Nobody"
    form = client.post("/annotate", files=[("images", photo())], data={"tags": text}).json()
    assert form["results"][0]["unknown_tags"] == ["nobody"]
    body = {"inputs": {"image": [b64(photo())], "tags": [text]}}
    answer = client.post("/v1/models/photos:predict", json=body)
    assert json.loads(answer.headers["x-mmannot-unknown-tags"]) == ["nobody"]
    assert answer.json().keys() == {"outputs"}
    counted = 'mmannot_unknown_tags_total{engine="brightness",model="photos"}'
    assert f"{counted} 2.0" in client.get("/metrics").text
    client.post("/annotate", files=[("images", photo())] * 3, data={"tags": text})
    assert f"{counted} 5.0" in client.get("/metrics").text  # of each photograph
    body["inputs"] = {"image": [b64(photo())] * 2, "tags": [text, "nobody; none"]}
    answer = client.post("/v1/models/photos:predict", json=body)
    assert json.loads(answer.headers["x-mmannot-unknown-tags"]) == ["nobody", "none"]


def test_fault_05_a_trained_model_answers_alike_for_every_spelling(exported, scenes):
    import mmannot_tf

    model = mmannot_tf.load(exported)
    photo, tag = next(iter(scenes)), model.tags[0]
    spelled = [spelling.lower().replace("sea", tag) for spelling in (*SPELLINGS[:2], *SPELLINGS[3:])]
    texts = [tag, *spelled, f"x; {tag}", [f"#{tag},"], ""]
    outputs = model.predict([photo] * len(texts), texts, batch_size=1)["probabilities"]
    features = model.features([photo] * len(texts), texts, batch_size=1)["f_t"]
    for values in (outputs, features):
        assert np.ptp(values[:-1], axis=0).max() == 0
        assert np.abs(values[-1] - values[0]).max() > 0
    assert [each.unknown_tags for each in model.annotate([photo], ["x; " + tag])] == [("x",)]


def test_fault_05_runs_and_exports_of_before_keep_their_rule(tiny_run, exported, tmp_path):
    from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule

    assert (open_model(exported).tag_rule, open_run(tiny_run.path).dataset.tag_rule) == (2, 2)
    before = replace(tiny_run, dataset=replace(tiny_run.dataset, tag_rule=1))
    module = AnnotatorModule(before, tmp_path / "assets")
    tag = tiny_run.dataset.tags[0]
    image = tf.constant([tf.io.encode_png(np.full((32, 32, 3), 99, np.uint8)).numpy()] * 4)
    features = module.features(image, tf.constant([tag.upper(), f"#{tag}", f"{tag};{tag}", ""]))[
        "f_t"
    ].numpy()
    assert [bool((row == features[3]).all()) for row in features] == [False, True, True, True]
    folder = tmp_path / "copy"
    folder.mkdir()
    for entry in exported.iterdir():
        if entry.name != METADATA_FILE:
            (folder / entry.name).symlink_to(entry)
    metadata = json.loads((exported / METADATA_FILE).read_text())
    kept = {key: value for key, value in metadata.items() if key not in ("tag_rule", "seal")}
    (folder / METADATA_FILE).write_text(json.dumps(sealed(kept)))
    assert open_model(folder).tag_rule == 1
