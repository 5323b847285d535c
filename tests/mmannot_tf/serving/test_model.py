import json
import shutil

import pytest

from mmannot_tf.serving.model import model_of, open_model
from tfrecords_tools.shell.errors import UserError


def test_an_export_says_what_its_run_does(tiny_run, exported):
    model, run = open_model(exported), model_of(tiny_run)
    assert (model.labels, model.tags, model.image_size) == (run.labels, run.tags, 32)
    assert model.digest == run.digest == open_model(tiny_run.path).digest
    assert (model.run, run.run) == (None, tiny_run)


def test_of_an_exports_folder_the_highest_version_is_taken(exported, tmp_path):
    for name in ("2", "10", "11.partial"):
        shutil.copytree(exported, tmp_path / name)
    (tmp_path / "12").mkdir()
    assert open_model(tmp_path).path == tmp_path / "10"


def test_an_export_of_before_there_were_facts_is_refused(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(UserError, match="export the run again"):
        open_model(tmp_path)


def test_damaged_facts_and_missing_lists_are_named(exported, tmp_path):
    (tmp_path / "export.json").write_text(json.dumps({"image_size": 32}))
    with pytest.raises(UserError, match=r"labels\.txt"):
        open_model(tmp_path)
    shutil.copytree(exported / "assets", tmp_path / "assets")
    with pytest.raises(UserError, match="digest"):
        open_model(tmp_path)
