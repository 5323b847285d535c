import shutil

import pytest

from mmannot_tf.workflows.evaluation import evaluate_run


@pytest.mark.slow
def test_tagged_scores_the_images_with_a_known_tag_alone(tiny_run, tiny_records, tmp_path):
    run = shutil.copytree(tiny_run.path, tmp_path / "run")
    whole, tagged = (
        evaluate_run(run, "test", tiny_records.path, bootstrap=0, tagged=tagged) for tagged in (False, True)
    )
    without = next((group.images for group in whole.by_known_tags if group.known_tags == "0"), 0)
    assert 0 < tagged.images == whole.images - without < whole.images
    (least,) = {group.known_tags for group in whole.by_known_tags} - {
        group.known_tags for group in tagged.by_known_tags
    }
    assert least == "0"
    assert "chosen threshold" in " ".join(row.method for row in tagged.rows)


@pytest.mark.slow
def test_stages_that_earlier_weights_made_have_no_rows(tiny_run, tiny_records, tmp_path, capsys):
    run = shutil.copytree(tiny_run.path, tmp_path / "run")
    (run / "stages" / "tag_encoder" / "stage.json").unlink()  # as after a training that ended in this stage
    evaluation = evaluate_run(run, "validation", tiny_records.path, bootstrap=0)
    rows = " ".join(row.method for row in evaluation.rows)
    assert "MS-CNN+LQP" in rows and "+Tags" not in rows
    assert "note: no rows of classifier, quantity, which must be trained again." in capsys.readouterr().err
