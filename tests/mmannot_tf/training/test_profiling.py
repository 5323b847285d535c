"""What waits for what: a linear stage with an input or a step that sleeps, and the tiny run's stages."""

import dataclasses
import threading
import time

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.config.loading import keys, parse
from mmannot_tf.data.batches import ArrayBatches
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.training.distribution import one_device
from mmannot_tf.training.profiling import Profile, advice, profile, profile_job
from mmannot_tf.training.stopwatch import Rates, Timing
from tfrecords_tools.errors import UserError

QUICK = Timing(steps=2, seconds=0.0, windows=3)
SLOW = 0.15
"""Seconds that the slow side sleeps: far above what either side costs by itself."""
LONG = 800
"""Examples of an epoch that is not passed through."""


LOCK = threading.Lock()  # one at a time, however many threads read


def _sleep(value):
    with LOCK:
        time.sleep(SLOW)
    return value


def _slow_batches():
    draw = np.random.default_rng(0)

    def finish(inputs, targets):
        slept = tf.numpy_function(_sleep, [inputs], tf.float32)
        return tf.ensure_shape(slept, inputs.shape), targets

    return ArrayBatches(draw.random((20, 4)), draw.random((20, 3)), 8, finish=finish)


def _slow_loss(targets, outputs):
    with tf.control_dependencies([tf.numpy_function(_sleep, [np.float32(0)], tf.float32)]):
        return SigmoidCrossEntropy("sum")(targets, outputs)


def test_a_slow_input_is_told_as_input_bound(stage_job):
    found = profile_job(stage_job(batches=_slow_batches()), QUICK)
    assert found.input_bound
    assert found.waiting > 0.5
    assert found.slowest == "batches"
    assert found.input["batches"].median < 8 / SLOW * 1.1
    assert found.step.median > found.training.median


def test_a_heavy_step_is_told_as_compute_bound(stage_job):
    """In an epoch so long that all windows lie in one: what begins an epoch is no part of a step."""
    draw = np.random.default_rng(0)
    batches = ArrayBatches(draw.random((LONG, 4)), draw.random((LONG, 3)), 8)
    found = profile_job(stage_job(loss=_slow_loss, batches=batches, examples=LONG), QUICK)
    assert not found.input_bound
    assert found.step.median < 8 / SLOW * 1.1
    assert found.slowest is None


def test_nothing_is_learnt(stage_job):
    job = stage_job()
    before = [value.numpy() for value in job.network.model.trainable_variables]
    still = job.settings.model_copy(update={"learning_rate": 0.0})
    profile_job(dataclasses.replace(job, settings=still), QUICK)
    for value, was in zip(job.network.model.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(value, was)


def _profile(config, records, **options):
    return profile(config, data=records.path, distribution=one_device(), timing=QUICK, **options)


def _with(config, **data):
    settings = config.model_dump(mode="json")
    settings["data"].update(data)
    return parse(settings, "test")


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ({"augmentation": "crop-flip"}, ["read", "decode", "batches"]),
        ({"decoded_cache": "memory"}, ["read", "batches"]),
    ],
)
def test_the_first_stage_that_reads_images_is_measured_part_by_part(tiny_config, tiny_records, data, parts):
    found = _profile(_with(tiny_config, **data), tiny_records)
    assert (found.stage, found.batch_size, found.replicas) == ("cnn", 16, 1)
    assert list(found.input) == parts
    for rates in (*found.input.values(), found.step, found.training):
        assert len(rates.windows) == 3
        assert rates.images == 3 * 2 * 16
        assert rates.median > 0


def _state(folder):
    return {file: file.stat().st_mtime_ns for file in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("stage", ["ms_cnn", "classifier", "sinn"])
def test_a_stage_that_starts_from_others_borrows_them_and_leaves_the_run_alone(
    tiny_config, tiny_records, tiny_run, stage
):
    before = _state(tiny_run.path)
    found = _profile(tiny_config, tiny_records, stage=stage, run=tiny_run)
    assert found.stage == stage
    assert ("decode" in found.input) == (stage == "ms_cnn")
    assert _state(tiny_run.path) == before


def test_what_cannot_be_measured_is_refused(tiny_config, tiny_records, tiny_run):
    with pytest.raises(UserError, match=r"ms_cnn starts from cnn: --run must name a run"):
        _profile(tiny_config, tiny_records, stage="ms_cnn")
    with pytest.raises(UserError, match=r"--stage must be one of cnn, .*Received: vgg"):
        _profile(tiny_config, tiny_records, stage="vgg")
    with pytest.raises(UserError, match="measures one process"):
        two = dataclasses.replace(one_device(), processes=2)
        profile(tiny_config, data=tiny_records.path, distribution=two, timing=QUICK)
    with pytest.raises(UserError, match="stale"):
        _profile(_with(tiny_config, image_size=48), tiny_records, stage="ms_cnn", run=tiny_run)


def test_a_trace_is_tensorflows_own(tiny_config, tiny_records, tmp_path):
    _profile(tiny_config, tiny_records, trace=tmp_path / "trace")
    (written,) = (tmp_path / "trace").rglob("*.xplane.pb")
    assert b"train" in written.read_bytes()


def _found(training, **parts):
    def rates(value):
        return Rates((float(value),), 1)

    return Profile(
        "cnn", 8, 1, QUICK, {name: rates(value) for name, value in parts.items()}, rates(100), rates(training)
    )


@pytest.mark.parametrize(
    ("training", "parts", "bound", "told"),
    [
        (95, {"read": 500, "decode": 400, "batches": 300}, False, "A faster step"),
        (120, {"read": 500, "decode": 400, "batches": 300}, False, "A faster step"),
        (
            50,
            {"read": 5000, "decode": 4000, "batches": 3000},
            False,
            "The input alone accounts for at most 3%",
        ),
        (50, {"read": 60, "decode": 55, "batches": 52}, True, "Reading"),
        (50, {"read": 500, "decode": 55, "batches": 52}, True, "Decoding"),
        (50, {"read": 500, "decode": 400, "batches": 52}, True, "Putting"),
        (50, {"read": 500, "decode": 400, "batches": 300}, True, "Each part"),
    ],
)
def test_the_share_of_waiting_and_what_to_do_about_it(tiny_config, training, parts, bound, told):
    found = _found(training, **parts)
    assert found.input_bound == bound
    assert found.waiting == pytest.approx(max(0.0, 1 - training / 100))
    assert advice(found, tiny_config).startswith(told)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({}, 'data.decoded_cache = "memory" or "disk"'),
        ({"decoded_cache": "disk"}, 'data.decoded_cache = "memory"'),
        ({"augmentation": "crop"}, "data.augmentation"),
    ],
)
def test_the_advice_names_keys_that_exist(tiny_config, data, named):
    text = advice(_found(50, read=500, decode=55, batches=52), _with(tiny_config, **data))
    assert named in text
    words = [word.strip('(),."') for word in text.split()]
    named = [
        word for word in words if word.partition(".")[0] in ("data", "model", "training") and "." in word
    ]
    assert named
    assert set(named) <= set(keys())
