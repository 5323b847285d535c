import shutil

import pytest

from mmannot_tf.workflows.evaluation import evaluate_run


@pytest.mark.slow
def test_stages_that_earlier_weights_made_have_no_rows(tiny_run, tiny_records, tmp_path, capsys):
    run = shutil.copytree(tiny_run.path, tmp_path / "run")
    (run / "stages" / "tag_encoder" / "stage.json").unlink()  # as after a training that ended in this stage
    evaluation = evaluate_run(run, "validation", tiny_records.path, bootstrap=0)
    rows = " ".join(row.method for row in evaluation.rows)
    assert "MS-CNN+LQP" in rows and "+Tags" not in rows
    assert "note: no rows of classifier, quantity, which must be trained again." in capsys.readouterr().err
