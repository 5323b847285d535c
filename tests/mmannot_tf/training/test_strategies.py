"""Strategies in separate processes: the numbers of one device, and one run under several strategies."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mmannot_tf.cli.launch import PROGRAM
from mmannot_tf.config.loading import dump, parse

pytestmark = pytest.mark.slow

STEPS = Path(__file__).with_name("strategy_steps.py")
IN_WORKERS = STEPS.with_name("in_workers.py")
PLAIN_XLA = {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}
"""The instructions that XLA may use, so that its sums do not depend on the processor."""
MIRRORED = ("--strategy", "mirrored", "--logical-devices", "2")
ONE_DEVICE = (
    "cnn",
    "cnn_ema",
    "cnn_knobs",
    "ms_cnn",
    "quantity",
    "quantity_clipped",
    "sinn",
    "quantity_dropout",
)
CASES = {
    "one, a stage": ("quantity",),
    "two devices, a stage": ("quantity",),
    "one": ONE_DEVICE,
    "two devices": (*ONE_DEVICE, "per_replica"),
    "two workers": ("cnn", "quantity", "sinn"),
    "three workers": ("cnn_ema", "sinn"),
    "one, compiled": ("cnn_jit",),
    "two devices, compiled": ("per_replica_jit",),
}
EQUAL = [
    (name, case)
    for name, cases in CASES.items()
    for case in cases
    if name != "one" and "a stage" not in name and case in CASES["one"] and case != "quantity_dropout"
]


def _launched(workers, command):
    return [sys.executable, IN_WORKERS, str(workers), *command] if workers else command


def _run(command, **variables):
    environment = {**os.environ, **variables}
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done


def _mmannot(*words, workers=0):
    return _run(_launched(workers, [*PROGRAM, *words]))


@pytest.fixture(scope="module")
def steps(tiny_run, tiny_records, tmp_path_factory):
    """Strategy → the folder of its cases; each is run once, when first asked for."""
    made = {}

    def folder(name):
        if name not in made:
            out = tmp_path_factory.mktemp("steps")
            strategy, devices, workers = {
                "one": ("one", 0, 0),
                "one, a stage": ("one", 0, 0),
                "two devices": ("mirrored", 2, 0),
                "two devices, a stage": ("mirrored", 2, 0),
                "two workers": ("multi-worker", 0, 2),
                "three workers": ("multi-worker", 0, 3),
                "one, compiled": ("one", 0, 0),
                "two devices, compiled": ("mirrored", 2, 0),
            }[name]
            command = [sys.executable, STEPS, strategy, devices, tiny_run.path, tiny_records.path, out]
            _run(_launched(workers, [*command, *CASES[name]]), **(PLAIN_XLA if "compiled" in name else {}))
            made[name] = out
        return made[name]

    return folder


@pytest.mark.exhaustive
def test_five_steps_of_two_devices_equal_those_of_one(steps):
    _hold_equal(steps("one, a stage"), steps("two devices, a stage"), "quantity")


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "case"), EQUAL, ids=map(" ".join, EQUAL))
def test_five_steps_equal_those_of_one_device(steps, name, case):
    _hold_equal(steps("one"), steps(name), case)


def _hold_equal(single, several, case):
    """Weights, batch-norm statistics, averages, Adam's and SGD's state; measured at most 3e-7."""
    with np.load(single / f"{case}.npz") as want, np.load(several / f"{case}.npz") as have:
        assert set(have) == set(want)
        for key in want:
            np.testing.assert_allclose(have[key], want[key], rtol=0, atol=1e-6, err_msg=key)
    want, have = (json.loads((folder / f"{case}.json").read_text()) for folder in (single, several))
    assert have["loss"] == pytest.approx(want["loss"], rel=1e-6)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("plain", "compiled"),
    [
        (("one", "cnn"), ("one, compiled", "cnn_jit")),
        (("two devices", "per_replica"), ("two devices, compiled", "per_replica_jit")),
    ],
    ids=["one device", "two devices"],
)
def test_steps_that_xla_compiles_are_the_same_up_to_float_sums(steps, plain, compiled):
    """In a separate process, without deterministic operations. Measured at most 6e-7.

    With all instructions of an Intel processor with AMX, XLA's two devices are up to 1.3e-3 apart.
    """
    (name, case), (name_compiled, case_compiled) = plain, compiled
    with (
        np.load(steps(name) / f"{case}.npz") as want,
        np.load(steps(name_compiled) / f"{case_compiled}.npz") as have,
    ):
        assert set(have) == set(want)
        for key in want:
            np.testing.assert_allclose(have[key], want[key], rtol=0, atol=2e-6, err_msg=key)


@pytest.mark.exhaustive
def test_dropout_differs_between_replicas_and_trains(steps):
    want, have = (
        json.loads((steps(name) / "quantity_dropout.json").read_text()) for name in ("one", "two devices")
    )
    assert have["loss"] != want["loss"]
    assert have["mse"] == pytest.approx(want["mse"], rel=0.5)


@pytest.mark.exhaustive
def test_per_replica_statistics_are_another_training_and_come_out_finite(steps):
    with (
        np.load(steps("two devices") / "cnn.npz") as shared,
        np.load(steps("two devices") / "per_replica.npz") as own,
    ):
        assert all(np.isfinite(own[key]).all() for key in own)
        assert max(np.abs(own[key] - shared[key]).max() for key in own) > 1e-4


def _evaluated(run, copy, *how, workers=0):
    """The scores of a copy of the run's weights, and its predictions."""
    shutil.copytree(run.path, copy)
    for made in ("features", "predictions"):
        shutil.rmtree(copy / made, ignore_errors=True)
    _mmannot("evaluate", copy, *how, "--bootstrap", 0, workers=workers)
    with np.load(copy / "predictions" / "test.npz") as saved:
        return (copy / "scores.json").read_text(), {key: saved[key] for key in saved}


@pytest.fixture(scope="module")
def alone(tiny_run, tmp_path_factory):
    return _evaluated(tiny_run, tmp_path_factory.mktemp("alone") / "run")


@pytest.mark.exhaustive
@pytest.mark.parametrize("workers", [0, 2], ids=["two devices", "two workers"])
def test_predictions_of_the_same_weights_are_the_same_to_the_last_bit(tiny_run, alone, tmp_path, workers):
    """30 test images: features in batches of 16 and 14, heads in one batch that one replica has alone."""
    how = ("--strategy", "multi-worker") if workers else MIRRORED
    scores, arrays = _evaluated(tiny_run, tmp_path / "run", *how, workers=workers)
    assert scores == alone[0]
    assert set(arrays) == set(alone[1])
    assert all(np.array_equal(arrays[key], alone[1][key]) for key in arrays)


@pytest.fixture(scope="module")
def calm(tiny_config, tmp_path_factory):
    """The tiny run with settings that make the order of summation irrelevant, and without dropout.

    With its own settings the tiny run is chaotic: on one device, reversing the rows of each batch moves I-F1
    of a row by up to 4 points. With gentler rates and batch norms it moves losses in the seventh digit, and
    no score.
    """
    settings = tiny_config.model_dump(mode="json")
    settings["model"].update(dropout=0.0, block_epsilon=0.99)
    settings["stages"]["cnn_longer"] = None
    for name in ("cnn", "ms_cnn"):
        settings["stages"][name]["learning_rate"] = 0.002
    file = tmp_path_factory.mktemp("calm") / "calm.toml"
    file.write_text(dump(parse(settings, "test")), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def calm_scores(calm, tiny_records, tmp_path_factory):
    """I-F1 and C-F1 of each row of the calm run on one device."""
    run = tmp_path_factory.mktemp("calm") / "run"
    _mmannot("train", calm, "--data", tiny_records.path, "--run", run)
    return _scores(run)


def _scores(run):
    _mmannot("evaluate", run, "--bootstrap", 0)
    rows = json.loads((run / "scores.json").read_text())["rows"]
    return {row["method"]: (row["image_f1"], row["class_f1"]) for row in rows}


@pytest.mark.exhaustive
def test_a_run_killed_under_one_strategy_goes_on_under_others_to_the_same_scores(
    calm, calm_scores, tiny_records, tmp_path
):
    """A run started on two devices, killed in its first stage, resumed with two workers, then on two."""
    run = tmp_path / "run"
    words = ("train", calm, "--data", tiny_records.path, "--run", run)
    eager = ("--set", "training.checkpoint_seconds=0.0")
    begun = [*PROGRAM, *words, *MIRRORED, *eager]
    _kill_after_a_checkpoint([str(word) for word in begun], run / "stages" / "cnn" / "checkpoint")
    done = _mmannot(*words, "--strategy", "multi-worker", "--stages", "cnn", workers=2)
    assert "cnn: resumed in epoch 1" in done.stderr
    assert "[1] cnn" not in done.stderr
    assert "cnn: done, skipped" in _mmannot(*words, *MIRRORED).stderr
    for row, have in _scores(run).items():
        assert have == pytest.approx(calm_scores[row], abs=0.5), row


def _kill_after_a_checkpoint(command, checkpoint):
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 200
        while not list(checkpoint.glob("*.seal.json")):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"no checkpoint in {checkpoint}")
            time.sleep(0.01)
        process.kill()


@pytest.mark.exhaustive
def test_a_worker_with_wrong_input_fails_in_one_line_and_launch_with_it(calm, tiny_records, tmp_path):
    words = ["train", calm, "--data", tiny_records.path, "--run", tmp_path / "run"]
    too_small = [*words, "--strategy", "multi-worker", "--set", "training.batch_size=1"]
    command = _launched(2, [*PROGRAM, *too_small])
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    told = [line for line in done.stderr.splitlines() if "error: " in line]
    assert 1 <= len(told) <= 2
    assert all("2 replicas must have an example of every batch" in line for line in told)
