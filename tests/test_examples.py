"""The examples in docstrings run; those of the public API need only mmannot_tf, numpy and Keras."""

import doctest
import importlib
from pathlib import Path

import keras
import numpy as np
import pytest

import mmannot_tf

ROOT = Path(__file__).resolve().parents[1]
MODULES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("mmannot_tf", "tfrecords_tools")
    for file in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in file.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name, capsys):
    names = {"mmannot_tf": mmannot_tf, "np": np, "keras": keras}
    failed = doctest.testmod(importlib.import_module(name), extraglobs=names).failed
    assert failed == 0, capsys.readouterr().out
