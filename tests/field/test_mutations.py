"""Damaged images get one answer: from records, from `annotate` and from the server."""

import json

import pytest
import tiers
from mutated_images import mutated_images

LABELS = ("mountain", "valley", "river")


@pytest.mark.parametrize("count", [60, *tiers.exhaustive([2000])])
def test_records_annotate_and_serve_agree_on_damaged_images(
    annotate, records_command, client, tmp_path, count
):
    raw, rows, names = tmp_path / "raw", ["path,labels,split"], {}
    raw.mkdir()
    for number, (what, content) in enumerate(mutated_images(count, seed=37)):
        name = f"{number:05d}.jpg"
        (raw / name).write_bytes(content)
        names[name] = what
        split = ("train", "validation", "test")[number % 3]
        rows.append(f"{name},{LABELS[number % 3]},{split}")
    (tmp_path / "list.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    built = _built(records_command, tmp_path, raw)
    annotated = _annotated(annotate, tmp_path, raw)
    served = _served(client, raw)
    assert annotated.keys() == served.keys() == names.keys()
    for name, what in names.items():
        assert annotated[name] == served[name], what
        assert (name.removesuffix(".jpg") in built or name in built) == (annotated[name] is not None), what
    assert 0.3 * count < len(built) < 0.9 * count


def _built(records_command, folder, raw):
    """The ids of the records that a build makes."""
    files = ("--manifest", folder / "list.csv", "--raw", raw, "--out", folder / "records")
    options = ("--bad-share", 1, "--placeholder-copies", 0, "--workers", 0)
    status, _, stderr = records_command("build", "manifest", *files, *options)
    assert status == 0, stderr
    from tfrecords_tools.reading.records import open_records, read

    records = open_records(folder / "records")
    assert records_command("verify", folder / "records")[0] == 0
    return {
        example["id"].decode()
        for split in records.splits
        for example in read(records, split, images=False).as_numpy_iterator()
    }


def _annotated(annotate, folder, raw):
    """Each image's labels with their probabilities; None of an unreadable one."""
    status, _, stderr = annotate(raw, "--out", folder / "labels.jsonl")
    assert status == 1, stderr
    records = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]
    return {record["image"].rpartition("/")[2]: _labels(record) for record in records}


def _served(client, raw):
    answers = {}
    for file in sorted(raw.iterdir()):
        response = client.post("/annotate", files=[("images", (file.name, file.read_bytes()))])
        assert response.status_code == 200, response.text
        answers[file.name] = _labels(response.json()["results"][0])
    return answers


def _labels(record):
    if "error" in record:
        return None
    return [(label["label"], label["probability"]) for label in record["annotations"]]
