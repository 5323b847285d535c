import doctest
import importlib
import pkgutil

import pytest

import mmannot_tf.layers
import mmannot_tf.models

MODULES = [
    module.name
    for package in (mmannot_tf.layers, mmannot_tf.models)
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
