"""Profiles: a linear stage with a fake clock that its input and step advance, and the tiny run's stages."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from tiers import exhaustive

from mmannot_tf.config.loading import keys, load, parse
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from mmannot_tf.training.distribution import one_device
from mmannot_tf.training.profiling import throughput
from mmannot_tf.training.profiling.advice import advice
from mmannot_tf.training.profiling.profile import Profile, profile, profile_job
from mmannot_tf.training.profiling.throughput import Throughput, Timing
from tfrecords_tools.shell.errors import UserError

QUICK = Timing(steps=2, seconds=0.0, windows=3)


class _Clock:
    """A clock that advances only when a tensor with a cost is computed."""

    def __init__(self):
        self.now = 0.0

    def costing(self, seconds, tensor):
        """The tensor, whose computation takes so many seconds."""

        def wait(value):
            self.now += seconds
            return value

        return tf.ensure_shape(tf.numpy_function(wait, [tensor], tensor.dtype), tensor.shape)


class _InTurns:
    """Batches of 8 without prefetching."""

    def __init__(self, clock, seconds):
        self._clock, self._seconds = clock, seconds

    def epoch(self, **_):
        rows = np.ones((16, 4), np.float32), np.ones((16, 3), np.float32)
        batches = tf.data.Dataset.from_tensor_slices(rows).batch(8)
        batches = batches.map(lambda rows, targets: (self._clock.costing(self._seconds, rows), targets))
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        return batches.with_options(options)

    def partial_pipelines(self, **_):
        return {}


@pytest.fixture
def measured(stage_job, monkeypatch):
    """The profile of a stage whose input and step cost these seconds per batch, without overlap."""
    clock = _Clock()
    monkeypatch.setattr(throughput.time, "perf_counter", lambda: clock.now)

    def profiled(reading, step):
        def loss(targets, outputs):
            with tf.control_dependencies([clock.costing(step, tf.constant(0.0))]):
                return SigmoidCrossEntropy("sum").call(targets, outputs)

        job = stage_job(batches=_InTurns(clock, reading), loss=loss, examples=16)
        return profile_job(job, QUICK)

    return profiled


def test_a_slow_input_is_told_as_input_bound(measured):
    result = measured(reading=9.0, step=1.0)
    rates = result.input["batches"].median, result.step.median, result.training.median
    assert rates == pytest.approx((8 / 9, 8 / 1, 8 / 10))
    assert (result.input_bound, result.slowest) == (True, "batches")
    assert result.waiting == pytest.approx(0.9)


def test_a_heavy_step_is_told_as_compute_bound(measured):
    result = measured(reading=1.0, step=99.0)
    rates = result.input["batches"].median, result.step.median, result.training.median
    assert rates == pytest.approx((8 / 1, 8 / 99, 8 / 100))
    assert (result.input_bound, result.slowest) == (False, None)


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


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ({"augmentation": "crop-flip"}, ["read", "decode", "batches"]),
        ({"decoded_cache": "memory"}, ["read", "batches"]),
    ],
)
def test_the_first_stage_that_reads_images_is_measured_part_by_part(tiny_config, tiny_records, data, parts):
    result = _profile(_with(tiny_config, **data), tiny_records)
    assert (result.stage, result.batch_size, result.replicas) == ("cnn", 16, 1)
    assert list(result.input) == parts
    for rates in (*result.input.values(), result.step, result.training):
        assert len(rates.windows) == 3
        assert rates.images == 3 * 2 * 16


def _state(folder):
    return {file: file.stat().st_mtime_ns for file in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("stage", ["classifier", *exhaustive(["ms_cnn", "sinn"])])
def test_a_stage_that_starts_from_others_borrows_them_and_leaves_the_run_alone(
    tiny_config, tiny_records, tiny_run, stage
):
    before = _state(tiny_run.path)
    result = _profile(tiny_config, tiny_records, stage=stage, run=tiny_run)
    assert result.stage == stage
    assert ("decode" in result.input) == (stage == "ms_cnn")
    assert _state(tiny_run.path) == before


def test_what_cannot_be_measured_is_refused(tiny_config, tiny_records, tiny_run):
    with pytest.raises(UserError, match=r"ms_cnn starts from cnn: --run must name a run"):
        _profile(tiny_config, tiny_records, stage="ms_cnn")
    with pytest.raises(UserError, match=r"--stage must be one of cnn, .*Received: vgg"):
        _profile(tiny_config, tiny_records, stage="vgg")
    with pytest.raises(UserError, match="measures one process"):
        two = dataclasses.replace(one_device(), processes=2)
        profile(tiny_config, data=tiny_records.path, distribution=two, timing=QUICK)
    with pytest.raises(UserError, match=r"no stage reads images in training.*: cnn, tag_encoder"):
        _profile(load("mirflickr_small"), tiny_records)
    with pytest.raises(UserError, match="stale"):
        _profile(_with(tiny_config, image_size=48), tiny_records, stage="ms_cnn", run=tiny_run)


@pytest.mark.exhaustive
def test_a_trace_is_tensorflows_own(tiny_config, tiny_records, tmp_path):
    _profile(tiny_config, tiny_records, trace=tmp_path / "trace")
    (written,) = (tmp_path / "trace").rglob("*.xplane.pb")
    assert b"train" in written.read_bytes()


def _profile_of(training, **parts):
    def rates(value):
        return Throughput((float(value),), 1)

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
    result = _profile_of(training, **parts)
    assert result.input_bound == bound
    assert result.waiting == pytest.approx(max(0.0, 1 - training / 100))
    assert advice(result, tiny_config).startswith(told)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({}, 'data.decoded_cache = "memory" or "disk"'),
        ({"decoded_cache": "disk"}, 'data.decoded_cache = "memory"'),
        ({"augmentation": "crop"}, "data.augmentation"),
    ],
)
def test_the_advice_names_keys_that_exist(tiny_config, data, named):
    text = advice(_profile_of(50, read=500, decode=55, batches=52), _with(tiny_config, **data))
    assert named in text
    words = [word.strip('(),."') for word in text.split()]
    named = [
        word for word in words if word.partition(".")[0] in ("data", "model", "training") and "." in word
    ]
    assert named
    assert set(named) <= set(keys())
