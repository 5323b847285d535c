"""Batches of one replica, fetched to its device ahead of the step: two logical CPUs simulate CPU and GPU."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from mmannot_tf.training import distribution


@pytest.mark.exhaustive
def test_fetched_batches_are_the_same_and_lie_on_the_device(tiny_records):
    """Four batches of a training epoch, and two of the 22 validation images."""
    command = [sys.executable, Path(__file__).with_name("fetched_steps.py"), tiny_records.path]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout) == {
        "default": None,
        "batches": 6,
        "equal": True,
        "devices": ["CPU:1"],
        "specs": [True, True],
    }


def test_one_device_fetches_to_the_first_gpu_where_there_is_one(monkeypatch):
    gpus = [tf.config.LogicalDevice(f"/device:GPU:{number}", "GPU") for number in range(2)]
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: gpus if kind == "GPU" else [])
    assert distribution.one_device().device == "/device:GPU:0"
