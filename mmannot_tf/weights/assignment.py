"""Named tensors into a backbone's variables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.listing import listed

if TYPE_CHECKING:
    import keras

SHOWN = 3
"""Tensors of a kind that an error names."""
HEAD = "predictions/"
"""Tensors of an ImageNet classifier, named as in keras.applications; a backbone has no such layer."""


def named_variables(model: keras.Model) -> dict[str, keras.Variable]:
    """The variables of a model's own layers, as "layer/variable"."""
    return {
        f"{layer.name}/{variable.name}": variable for layer in model.layers for variable in layer.variables
    }


def assign(backbone: keras.Model, tensors: Mapping[str, np.ndarray], *, source: str) -> None:
    """Sets every variable of `backbone` to the tensor of its name; those under `HEAD` are ignored.

    Nothing is assigned unless all names and shapes fit.

    Args:
        backbone: as `models.backbone.build_backbone` makes it.
        tensors: "layer/variable" to values.
        source: what the tensors are, for errors.

    Raises:
        UserError: tensors are missing, left over, or of another shape.
    """
    variables = named_variables(backbone)
    given = {name: tensor for name, tensor in tensors.items() if not name.startswith(HEAD)}
    shared = [name for name in variables if name in given]
    problems = {
        "missing": [name for name in variables if name not in given],
        "unused": [name for name in given if name not in variables],
        "of another shape": [
            f"{name} {list(given[name].shape)} for {list(variables[name].shape)}"
            for name in shared
            if tuple(given[name].shape) != tuple(variables[name].shape)
        ],
    }
    found = "; ".join(f"{what}: {listed(names, SHOWN)}" for what, names in problems.items() if names)
    if found:
        raise UserError(f"weights must fit the backbone tensor by tensor. Received: {source}; {found}.")
    for name in shared:
        variables[name].assign(given[name])
