import json

import pytest

from mmannot_tf.runs.run import Dataset, Run
from mmannot_tf.workflows.comparison import available_records
from tfrecords_tools.shell.errors import UserError


def write_records(folder, digest="abc"):
    """The metadata of records as a build of NUS-WIDE leaves it, without examples."""
    marker = {
        "source": "nus_wide",
        "settings": {"protocol": "150000-59347"},
        "labels": ["sky"],
        "splits": {"test": 1},
        "digest": digest,
        "published": [],
        "groups": False,
    }
    folder.mkdir()
    (folder / "records.json").write_text(json.dumps(marker), encoding="utf-8")
    (folder / "vocabulary.tsv").write_text("", encoding="utf-8")
    return folder


@pytest.fixture
def run_on(tiny_config):
    """Makes a run on the records in a folder."""

    def make(path):
        dataset = Dataset(
            path=str(path), source="nus_wide", digest="abc", splits={"test": 1}, labels=("sky",), tags=()
        )
        return Run(path.parent / "run", tiny_config, dataset, provenance=None)

    return make


def test_records_are_read_where_they_were_or_where_they_are_said_to_lie(run_on, tmp_path):
    records = write_records(tmp_path / "records")
    for run, data in ((run_on(records), None), (run_on(tmp_path / "gone"), records)):
        assert available_records(run, data).settings == {"protocol": "150000-59347"}


def test_records_that_are_gone_or_others_are_not_at_hand(run_on, tmp_path):
    assert available_records(run_on(tmp_path / "gone"), None) is None
    assert available_records(run_on(write_records(tmp_path / "others", digest="xyz")), None) is None


def test_a_data_folder_that_is_none_is_an_error(run_on, tmp_path):
    with pytest.raises(UserError, match="must exist"):
        available_records(run_on(tmp_path / "gone"), tmp_path / "none")
