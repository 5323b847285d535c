"""What `mmannot init` proposes for records of every source can be trained; here, an epoch a stage."""

import csv
import tarfile

import pytest
from official_nus_wide import listed, write_raw

from mmannot_tf.config.loading import load
from mmannot_tf.proposal.machine_speed import MachineSpeed
from mmannot_tf.training.train import train
from mmannot_tf.weights.published import PUBLISHED
from mmannot_tf.workflows.proposing import propose
from tfrecords_tools.building.building import build_records
from tfrecords_tools.manifest.settings import ManifestSettings
from tfrecords_tools.manifest.source import manifest_source
from tfrecords_tools.mirflickr.settings import MirflickrSettings
from tfrecords_tools.mirflickr.source import mirflickr_source
from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.mscoco.source import mscoco_source
from tfrecords_tools.nus_wide.settings import NusWideSettings
from tfrecords_tools.nus_wide.source import nus_wide_source
from tfrecords_tools.reading.records import read
from tfrecords_tools.synthetic.settings import SyntheticSettings
from tfrecords_tools.synthetic.source import synthetic_source

STAGES = ("cnn", "tag_encoder", "classifier", "quantity_visual", "quantity")
SCENES = SyntheticSettings(images=60, test_images=12, size=64)
SEVERAL = 80
"""The first photographs of MIRFLICKR."""


def _synthetic(folder, shared):
    return synthetic_source(SCENES)


def _manifest(folder, shared):
    """The painted scenes as files with a table."""
    records = build_records(synthetic_source(SCENES), out=folder / "painted")
    raw = folder / "raw"
    raw.mkdir()
    with (folder / "photos.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "labels", "tags"])
        for number, example in enumerate(read(records, "train").as_numpy_iterator()):
            (raw / f"{number}.jpg").write_bytes(example["image"])
            labels = ";".join(records.labels[label] for label in example["labels"])
            table.writerow([f"{number}.jpg", labels, b";".join(example["tags"]).decode()])
    return manifest_source(ManifestSettings(folder / "photos.csv", raw))


def _mscoco(folder, shared):
    return mscoco_source(MscocoSettings(shared / "data" / "coco_small"))


def _nus_wide(folder, shared):
    """The small tree, with painted scenes as its photographs."""
    raw = write_raw(folder / "raw", *listed())
    scenes = synthetic_source(SCENES).splits["train"].examples()
    for (file, _, _), scene in zip([image for half in listed() for image in half], scenes, strict=False):
        (raw / "Flickr" / file).parent.mkdir(exist_ok=True)
        (raw / "Flickr" / file).write_bytes(scene.image)
    return nus_wide_source(NusWideSettings(raw))


def _mirflickr(folder, shared):
    raw, data = folder / "raw", shared / "data" / "mirflickr"
    for name, below in (("mirflickr25k_annotations_v080", "annotations"), ("mirflickr-tags", ".")):
        with tarfile.open(data / f"{name}.tar.gz") as archive:
            archive.extractall(raw / below, filter="data")
    with tarfile.open(data / "mirflickr-0.tar") as archive:
        images = [member for member in archive.getmembers() if member.name.endswith(".jpg")]
        archive.extractall(raw, members=images[:SEVERAL], filter="data")
    return mirflickr_source(MirflickrSettings(raw))


@pytest.mark.real
@pytest.mark.exhaustive
@pytest.mark.parametrize("source", [_synthetic, _mscoco, _nus_wide, _mirflickr, _manifest])
def test_records_of_every_source_are_trained(source, npm_archive, shared, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    PUBLISHED["keras2016"].fetch(npm_archive)
    records = build_records(source(tmp_path, shared), out=tmp_path / "records")
    proposal = propose(records, minutes=30.0, measure=lambda *_: MachineSpeed(20.0, None, 10**9))
    file = tmp_path / "proposed.toml"
    file.write_text(proposal.text(records=str(records.path), file=str(file)), encoding="utf-8")
    config = load(file, [f"stages.{stage}.epochs=1" for stage in STAGES])
    run = train(config, data=records.path, run=tmp_path / "run")
    has_tags = bool(config.data.vocabulary_size)
    expected = STAGES if has_tags else ("cnn", "quantity_visual")
    assert sorted(path.parent.name for path in run.path.glob("stages/*/stage.json")) == sorted(expected)
