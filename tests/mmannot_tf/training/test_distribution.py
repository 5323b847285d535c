"""Errors of strategies, and decisions of several processes. Their numbers: test_strategies."""

import contextlib
import functools
import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.cli.main import app
from mmannot_tf.config.loading import dump, parse
from mmannot_tf.runs import plan
from mmannot_tf.runs.configured_stages import configured_stages
from mmannot_tf.training import distribution
from mmannot_tf.training.cluster import wait_for_all
from mmannot_tf.training.distribution import (
    Distribution,
    multi_worker,
    one_device,
    open_distribution,
    worker_loss_as_user_error,
)
from mmannot_tf.training.loop.dropout_seeds import per_replica_seeds, seeds_of
from mmannot_tf.training.train import open_training
from tfrecords_tools.shell.console import run as run_app
from tfrecords_tools.shell.errors import UserError

REPORT = "Graph execution error:\n\nDetected at node x\n\nCollective ops is aborted by: reset by peer\nmore"


def test_one_device_is_the_default_strategy_and_computes_everything():
    distribution = open_distribution("one")
    assert distribution.strategy is tf.distribute.get_strategy()
    assert (distribution.replicas, distribution.is_chief, distribution.local_replicas) == (1, True, None)
    np.testing.assert_array_equal(distribution.sum_over_processes(np.arange(3)), np.arange(3))
    assert distribution.on_chief(lambda: "done") == "done"
    assert [distribution.chief_decides(lambda answer=answer: answer) for answer in (True, False)] == [
        True,
        False,
    ]


def test_the_chiefs_failure_is_told_as_it_is():
    def fail():
        raise UserError("no room")

    with pytest.raises(UserError, match="no room"):
        one_device().on_chief(fail)


def test_an_unknown_strategy_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match=r"one, mirrored, multi-worker\. Received: tpu"):
        open_distribution("tpu")


@pytest.mark.parametrize(
    ("text", "received"),
    [
        (None, "Received: none.*mmannot launch"),
        ("{broken", "TF_CONFIG must be"),
        (json.dumps({"cluster": {"worker": ["a:1"]}, "task": {"type": "worker"}}), "TF_CONFIG must be"),
        (
            json.dumps({"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}),
            "name the workers. Received: ps",
        ),
    ],
)
def test_multi_worker_says_what_is_wrong_with_tf_config(monkeypatch, text, received):
    if text is None:
        monkeypatch.delenv("TF_CONFIG", raising=False)
    else:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(UserError, match=received):
        multi_worker()


def test_multi_worker_waits_for_all_processes(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cluster = {"worker": [f"127.0.0.1:{port}", "127.0.0.1:9"]}
    task = {"type": "worker", "index": 0}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    monkeypatch.setattr(distribution, "wait_for_all", functools.partial(wait_for_all, limit=0.1))
    with pytest.raises(UserError, match=r"All 2 processes must start.*no answer from 127\.0\.0\.1:9"):
        multi_worker()


@pytest.mark.parametrize(
    ("strategy", "told"), [("multi-worker", "TF_CONFIG"), ("tpu", "must be one of one, mirrored")]
)
def test_the_command_refuses_in_one_line(
    tiny_config, tiny_records, tmp_path, monkeypatch, capsys, strategy, told
):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    (tmp_path / "tiny.toml").write_text(dump(tiny_config), encoding="utf-8")
    command = ["train", tmp_path / "tiny.toml", "--data", tiny_records.path, "--run", tmp_path / "run"]
    assert run_app(app, [*map(str, command), "--strategy", strategy]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")
    assert told in line
    assert not (tmp_path / "run").exists()


@pytest.fixture
def opened(tiny_config, tiny_records, tmp_path):
    """Opens the training of 88 images on so many replicas, with settings of the section `training`."""

    def opening(replicas, **training):
        settings = tiny_config.model_dump(mode="json")
        settings["training"].update(training)
        config = parse(settings, "test")
        several = Distribution(SimpleNamespace(num_replicas_in_sync=replicas))
        open_training(config, tiny_records.path, tmp_path / "run", several, configured_stages(config))

    return opening


@pytest.mark.parametrize(
    ("replicas", "batch_size", "fits"),
    [(1, 29, True), (16, 16, False), (8, 16, True), (9, 16, False), (2, 29, False)],
)
def test_each_replica_must_have_a_row_of_every_batch(opened, replicas, batch_size, fits):
    """88 images: five batches of 16 and one of 8; three of 29 and one of 1."""
    refused = pytest.raises(UserError, match=rf"{replicas} replicas.*Received: stages\.cnn")
    with contextlib.nullcontext() if fits else refused:
        opened(replicas, batch_size=batch_size)


@pytest.mark.parametrize(
    ("replicas", "batch_norm", "compiles"),
    [(1, "synchronized", True), (2, "per-replica", True), (2, "synchronized", False)],
)
def test_xla_compiles_no_sums_over_replicas(opened, replicas, batch_norm, compiles):
    refused = pytest.raises(UserError, match=r"training\.batch_norm = \"per-replica\".*2 replicas")
    with contextlib.nullcontext() if compiles else refused:
        opened(replicas, jit_compile=True, batch_norm=batch_norm)


def test_per_replica_batch_norm_concerns_the_stages_with_batch_norm(tiny_run):
    import dataclasses

    settings = tiny_run.config.model_dump(mode="json")
    settings["training"]["batch_norm"] = "per-replica"
    changed = dataclasses.replace(tiny_run, config=parse(settings, "test"))
    stale = [stage.name for stage in configured_stages(changed.config) if plan.staleness(changed, stage)]
    assert stale == ["cnn", "cnn_longer", "ms_cnn"]


def test_a_key_that_is_newer_than_a_stages_record_stood_at_its_default():
    after = {"training.batch_norm": "synchronized", "training.momentum": 0.9}
    assert plan.changed_inputs({"training.momentum": 0.9}, after) == []
    changed = {**after, "training.batch_norm": "per-replica"}
    assert plan.changed_inputs({"training.momentum": 0.9}, changed) == [
        "training.batch_norm was synchronized, is per-replica"
    ]
    assert plan.changed_inputs({}, {"stage cnn": "digest"}) == ["stage cnn changed"]


def test_on_one_replica_seeds_are_left_alone():
    import keras

    layer = keras.layers.Dropout(0.5)
    model = keras.Sequential([keras.Input((4,)), layer])
    (seed,) = seeds_of(model)
    before = seed.numpy()
    with per_replica_seeds(seeds_of(model), 1):
        np.testing.assert_array_equal(seed.numpy(), before)


ENDED = """
import time
from mmannot_tf.training import distribution
distribution.CONNECT_SECONDS = 1.0
distribution.wait_for_all = lambda cluster: None
for seconds in (0.0, 120.0):
    strategy = lambda seconds=seconds, **_: time.sleep(seconds)
    distribution.tf.distribute.MultiWorkerMirroredStrategy = strategy
    distribution.multi_worker()
    time.sleep(2.0)
    print("alive", flush=True)
"""


@pytest.mark.exhaustive
@pytest.mark.slow
def test_only_a_call_that_takes_too_long_ends_the_process():
    cluster = {"cluster": {"worker": ["127.0.0.1:9"]}, "task": {"type": "worker", "index": 0}}
    environment = {**os.environ, "TF_CONFIG": json.dumps(cluster)}
    command = [sys.executable, "-c", ENDED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "alive\n")


@pytest.mark.parametrize("kind", [tf.errors.UnavailableError, tf.errors.InternalError])
def test_a_worker_that_is_gone_is_one_line_with_the_cause(kind):
    pattern = r"All 2 processes .* Collective ops is aborted by: reset by peer\. Another process ended"
    with pytest.raises(UserError, match=pattern) as told, worker_loss_as_user_error(2):
        raise kind(None, None, REPORT)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("processes", "error"),
    [
        (1, tf.errors.UnavailableError(None, None, REPORT)),
        (2, tf.errors.InternalError(None, None, "a bug")),
        (2, ValueError("a bug")),
    ],
)
def test_other_errors_are_left_alone(processes, error):
    with pytest.raises(type(error)) as raised, worker_loss_as_user_error(processes):
        raise error
    assert raised.value is error
