"""The examples in docstrings run; those of the public API need only mmannot_tf, numpy and Keras."""

import doctest
import importlib
from pathlib import Path

import keras
import numpy as np
import pytest
from tiers import exhaustive

import mmannot_tf

ROOT = Path(__file__).resolve().parents[1]
MODULES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("mmannot_tf", "tfrecords_tools")
    for file in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in file.read_text(encoding="utf-8")
]


TRAINS = "mmannot_tf.api.annotator"
"""Its examples are those of tests/test_public_api.py, in half a minute."""


@pytest.mark.parametrize("name", [*(name for name in MODULES if name != TRAINS), *exhaustive([TRAINS])])
def test_examples_in_docstrings_run(name, capsys):
    names = {"mmannot_tf": mmannot_tf, "np": np, "keras": keras}
    failed = doctest.testmod(importlib.import_module(name), extraglobs=names).failed
    assert failed == 0, capsys.readouterr().out
