import json
import resource
import shutil
import subprocess

import numpy as np
import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.runs.configured_stages import configured_stages
from mmannot_tf.runs.plan import stage_digest
from mmannot_tf.runs.run import open_run
from mmannot_tf.runs.stages import STAGES
from mmannot_tf.training.inference.trained_branches import feature_model, network_spec_of, trained_branch
from mmannot_tf.training.train import train
from tfrecords_tools.reading.marker import seal
from tfrecords_tools.shell.errors import UserError


def _digests(run) -> dict[str, str]:
    return {stage.name: stage_digest(run, stage.name) for stage in configured_stages(run.config)}


def test_every_stage_leaves_its_weights_log_and_record(tiny_run):
    for stage in configured_stages(tiny_run.config):
        name, folder = stage.name, tiny_run.stage(stage.name)
        weights = {file.name.removesuffix(".weights.h5") for file in (folder / "weights").iterdir()}
        assert weights == set(stage.trains)
        epochs = getattr(tiny_run.config.stages, name).epochs
        assert len((folder / "log.jsonl").read_text().splitlines()) == epochs
        assert not (folder / "checkpoint").exists()
        assert not (folder / "begun.json").exists()


@pytest.fixture(scope="module")
def one_by_one(tiny_config, tiny_records, tmp_path_factory):
    """A run with one call per stage, and the variables that each stage changed, by (stage, branch).

    This compares every variable, with batch-norm statistics, before the first and after the last step.
    """
    first, last = {}, {}

    def after_step(loop):
        for name, branch in loop.job.network.branches.items():
            last[loop.job.network.model.name, name] = branch.get_weights()
        first.update({key: weights for key, weights in last.items() if key not in first})

    path = tmp_path_factory.mktemp("one_by_one") / "run"
    for stage in configured_stages(tiny_config):
        train(tiny_config, data=tiny_records.path, run=path, stages=[stage.name], after_step=after_step)
    pairs = {key: zip(weights, last[key], strict=True) for key, weights in first.items()}
    return open_run(path), {
        key: [not np.array_equal(*pair) for pair in of_branch] for key, of_branch in pairs.items()
    }


@pytest.mark.exhaustive
def test_trained_stages_move_their_own_branch_and_no_other_bit(one_by_one, tiny_config):
    _, moved = one_by_one
    assert {stage for stage, _ in moved} == {stage.name for stage in configured_stages(tiny_config)}
    for (stage, branch), changes in moved.items():
        if branch in STAGES[stage].trains:
            assert np.mean(changes) > 0.7, (stage, branch)
        else:
            assert not any(changes), (stage, branch)


@pytest.mark.exhaustive
def test_stages_can_be_trained_one_by_one_to_the_same_bits(one_by_one, tiny_run):
    run, _ = one_by_one
    assert _digests(run) == _digests(tiny_run)


def test_ms_cnn_starts_from_the_fine_tuned_cnn(tiny_run):
    shapes = [
        tap.shape[1:] for tap in trained_branch(tiny_run, STAGES["cnn"], "backbone", (32, 32, 3)).outputs
    ]
    assert len(shapes) == 5
    fine_tuned = trained_branch(tiny_run, STAGES["cnn"], "backbone", (32, 32, 3)).get_weights()
    frozen = trained_branch(tiny_run, STAGES["ms_cnn"], "backbone", (32, 32, 3)).get_weights()
    longer = trained_branch(tiny_run, STAGES["cnn_longer"], "backbone", (32, 32, 3)).get_weights()
    assert all(np.array_equal(array, other) for array, other in zip(fine_tuned, frozen, strict=True))
    assert not all(np.array_equal(array, other) for array, other in zip(fine_tuned, longer, strict=True))


def test_stages_that_share_a_backbone_share_it_in_one_pass(tiny_run):
    model = feature_model(tiny_run, [STAGES["cnn"], STAGES["cnn_longer"], STAGES["ms_cnn"]])
    backbones = [layer.name for layer in model.layers if layer.name.endswith("backbone")]
    assert sorted(backbones) == ["cnn_backbone", "cnn_longer_backbone"]


def test_a_second_run_of_the_same_command_trains_nothing(
    tiny_config, tiny_records, tiny_run, tmp_path, capsys
):
    copy = shutil.copytree(tiny_run.path, tmp_path / "run")
    times = {file: file.stat().st_mtime_ns for file in copy.glob("stages/**/*") if file.is_file()}
    killed = [copy / name / ".file.x1y2z3" for name in (".", "stages/cnn", "predictions")]
    for left in killed:
        left.mkdir(parents=True)
    train(tiny_config, data=tiny_records.path, run=copy)
    assert not any(left.exists() for left in killed)
    assert {file: file.stat().st_mtime_ns for file in copy.glob("stages/**/*") if file.is_file()} == times
    assert capsys.readouterr().err.count("done, skipped") == len(configured_stages(tiny_config))


@pytest.mark.exhaustive
def test_a_changed_setting_trains_again_what_it_concerns(
    tiny_config, tiny_records, tiny_run, tmp_path, capsys
):
    copy = shutil.copytree(tiny_run.path, tmp_path / "run")
    settings = tiny_config.model_dump(mode="json")
    settings["stages"]["tag_encoder"]["epochs"] = 1
    run = train(parse(settings, "test"), data=tiny_records.path, run=copy)
    told = capsys.readouterr().err
    assert "tag_encoder: stale (stages.tag_encoder.epochs was 2, is 1), training it again" in told
    assert "classifier: stale (stage tag_encoder changed)" in told
    assert "ms_cnn: done, skipped" in told
    assert _digests(run)["ms_cnn"] == _digests(tiny_run)["ms_cnn"]
    assert _digests(run)["quantity"] != _digests(tiny_run)["quantity"]


@pytest.mark.exhaustive
def test_a_stage_begins_the_same_whether_its_features_were_cached_or_not(
    tiny_config, tiny_records, tiny_run, tmp_path
):
    for name, cached in (("cached", True), ("computed", False)):
        copy = shutil.copytree(tiny_run.path, tmp_path / name)
        shutil.rmtree(copy / "stages" / "classifier")
        if not cached:
            shutil.rmtree(copy / "features")
        run = train(tiny_config, data=tiny_records.path, run=copy)
        assert _digests(run) == _digests(tiny_run)


def test_a_stage_before_its_time_is_refused(tiny_config, tiny_records, tmp_path):
    with pytest.raises(UserError, match=r"ms_cnn needs stage cnn trained first"):
        train(tiny_config, data=tiny_records.path, run=tmp_path / "run", stages=["ms_cnn"])


def test_without_a_vocabulary_a_stage_that_needs_tags_is_refused(tiny_config, tiny_records, tmp_path):
    data = tiny_config.data.model_copy(update={"vocabulary_size": 0})
    config = tiny_config.model_copy(update={"data": data})
    with pytest.raises(UserError, match=r"tag_encoder needs tags.*data\.vocabulary_size = 0"):
        train(config, data=tiny_records.path, run=tmp_path / "run", stages=["tag_encoder"])


def test_a_stage_on_a_stale_one_is_refused(tiny_config, tiny_records, tiny_run, tmp_path):
    copy = shutil.copytree(tiny_run.path, tmp_path / "run")
    settings = tiny_config.model_dump(mode="json")
    settings["stages"]["cnn"]["epochs"] = 1
    with pytest.raises(UserError, match=r"ms_cnn needs stage cnn as configured.*epochs was 2, is 1"):
        train(parse(settings, "test"), data=tiny_records.path, run=copy, stages=["classifier"])


def test_an_empty_split_is_refused(tiny_config, tiny_records, tmp_path):
    copy = shutil.copytree(tiny_records.path, tmp_path / "records")
    marker = json.loads((copy / "records.json").read_text())
    marker["splits"]["validation"] = 0
    (copy / "records.json").write_text(json.dumps({**marker, "seal": seal(marker)}))
    with pytest.raises(UserError, match="validation is empty"):
        train(tiny_config, data=copy, run=tmp_path / "run")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_an_interrupted_stage_begun_with_other_settings_begins_again(
    tiny_config, tiny_records, tmp_path, capsys
):
    from mmannot_tf.runs.plan import stage_inputs
    from tfrecords_tools.shell.files import write_json

    run = train(tiny_config, data=tiny_records.path, run=tmp_path / "run", stages=["tag_encoder"])
    shutil.rmtree(run.stage("tag_encoder"))
    begun = {**stage_inputs(run, STAGES["tag_encoder"]), "training.momentum": 0.1}
    write_json(run.stage("tag_encoder") / "begun.json", begun)
    train(tiny_config, data=tiny_records.path, run=tmp_path / "run", stages=["tag_encoder"])
    assert "begun with other settings (training.momentum was 0.1, is 0.9)" in capsys.readouterr().err


@pytest.mark.exhaustive
def test_cached_features_are_the_networks_own(tiny_run, tiny_records):
    """Compares the inputs of classifier and regressor with the branches called one by one on each image."""
    from mmannot_tf.training.session import open_session

    session = open_session(tiny_run)
    cached = session.features("test").get(("ms_cnn", "tag_encoder"))
    backbone = trained_branch(tiny_run, STAGES["ms_cnn"], "backbone", network_spec_of(tiny_run).image_shape())
    fusion = trained_branch(tiny_run, STAGES["ms_cnn"], "fusion", [tap.shape[1:] for tap in backbone.outputs])
    encoder = trained_branch(tiny_run, STAGES["tag_encoder"], "tag_encoder", (40,))
    tags = session.arrays("test").tag_lists
    images = np.concatenate([batch.numpy() for batch, _ in session.images(7).split("test")])
    visual = np.concatenate([fusion(backbone(images[row : row + 1])).numpy() for row in range(len(images))])
    np.testing.assert_allclose(cached["ms_cnn"], visual, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(cached["tag_encoder"], encoder(tags).numpy(), rtol=1e-4, atol=1e-5)


def test_records_that_are_not_the_runs_are_refused(tiny_run, tmp_path):
    from mmannot_tf.training.session import open_session
    from tfrecords_tools.building.building import build_records
    from tfrecords_tools.synthetic.settings import SyntheticSettings
    from tfrecords_tools.synthetic.source import synthetic_source

    settings = SyntheticSettings(images=20, test_images=5, validation_share=0.2, size=32, seed=9)
    other = build_records(synthetic_source(settings), out=tmp_path)
    with pytest.raises(UserError, match="must be those"):
        open_session(tiny_run, other.path)


@pytest.fixture
def command(tiny_config, command_for, tmp_path):
    """The command `mmannot train` of the tiny run into a new folder."""
    return command_for(tiny_config, tmp_path / "run")


@pytest.mark.exhaustive
@pytest.mark.parametrize("limit", [20_000, 200_000])
def test_a_file_that_cannot_be_written_is_one_line_and_leaves_nothing_for_whole(command, tmp_path, limit):
    """A limit on the size of files simulates a full disk."""

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [*command, "--stages", "cnn"],
        preexec_fn=limited,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 1, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("error: ")]) == 1
    assert not (tmp_path / "run" / "stages" / "cnn" / "stage.json").exists()
    subprocess.run([*command, "--stages", "cnn"], check=True, capture_output=True, timeout=200)


@pytest.mark.slow
def test_damaged_records_stop_the_stage_in_one_line(tiny_config, tiny_records, tmp_path):
    copy = shutil.copytree(tiny_records.path, tmp_path / "records")
    (shard,) = copy.glob("*-train.tfrecord*")
    damaged = bytearray(shard.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    shard.write_bytes(damaged)
    with pytest.raises(UserError, match=r"orrupted record.*mmannot-records verify"):
        train(tiny_config, data=copy, run=tmp_path / "run", stages=["cnn"])


@pytest.mark.slow
def test_the_reading_that_collapses_warns(tiny_config, tiny_records, tmp_path, capsys):
    settings = tiny_config.model_dump(mode="json")
    settings["training"]["weight_decay"] = "literal"
    config = parse(settings, "test")
    train(config, data=tiny_records.path, run=tmp_path / "run", stages=["tag_encoder"])
    assert "warning: weight decay as printed" in capsys.readouterr().err
