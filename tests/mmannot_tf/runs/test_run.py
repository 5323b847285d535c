import dataclasses
import json

import pytest

from mmannot_tf.models.geometry import KERAS
from mmannot_tf.runs.run import create_run, open_run
from mmannot_tf.weights.provenance import CAFFE, CENTRED, Provenance
from tfrecords_tools.shell.errors import UserError

RANDOM = Provenance("random", "tiny", None, KERAS, CENTRED, None)


def _create(path, config, records):
    return create_run(path, config, records=records, tags=records.vocabulary[:40], provenance=RANDOM)


def test_a_run_opens_as_it_was_made(tmp_path, tiny_config, tiny_records):
    assert open_run(_create(tmp_path / "run", tiny_config, tiny_records).path) == open_run(tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert run.config == tiny_config
    assert run.dataset.labels == tiny_records.labels
    assert run.provenance == RANDOM


def test_dataset_json_says_versions_hardware_and_seed(tmp_path, tiny_config, tiny_records):
    _create(tmp_path / "run", tiny_config, tiny_records)
    facts = json.loads((tmp_path / "run" / "dataset.json").read_text())
    assert {"tensorflow", "keras", "numpy", "python"} <= set(facts["versions"])
    assert facts["hardware"]["machine"]
    assert facts["seed"] == 0


def test_a_run_made_from_other_records_is_refused(tmp_path, tiny_config, tiny_records):
    _create(tmp_path / "run", tiny_config, tiny_records)
    other = dataclasses.replace(tiny_records, digest="0" * 64)
    with pytest.raises(UserError, match="made from other records"):
        _create(tmp_path / "run", tiny_config, other)


def test_a_folder_with_somebody_elses_configuration_is_left_alone(tmp_path, tiny_config, tiny_records):
    (tmp_path / "config.toml").write_text("mine")
    with pytest.raises(UserError, match="something else"):
        _create(tmp_path, tiny_config, tiny_records)
    assert (tmp_path / "config.toml").read_text() == "mine"


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(UserError, match=r"with no dataset\.json"):
        open_run(tmp_path)


@pytest.mark.parametrize(
    "damage", [lambda facts: facts.pop("weights"), lambda facts: facts["records"].pop("tags")]
)
def test_a_damaged_dataset_json_is_named(tmp_path, tiny_config, tiny_records, damage):
    run = _create(tmp_path / "run", tiny_config, tiny_records)
    facts = json.loads((run.path / "dataset.json").read_text())
    damage(facts)
    (run.path / "dataset.json").write_text(json.dumps(facts))
    with pytest.raises(UserError, match=r"dataset\.json"):
        open_run(run.path)


@pytest.mark.parametrize(
    ("reading", "expected"), [("weights", CENTRED), ("caffe", CAFFE), ("centred", CENTRED)]
)
def test_pixels_are_prepared_as_the_weights_were_unless_configured(tiny_run, reading, expected):
    data = tiny_run.config.data.model_copy(update={"preprocessing": reading})
    run = dataclasses.replace(tiny_run, config=tiny_run.config.model_copy(update={"data": data}))
    assert run.provenance.preprocessing == CENTRED
    assert run.preprocessing == expected
