"""PyTorch state dicts on disk: .safetensors, or what torch.save writes."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.extras import install_command

if TYPE_CHECKING:
    import torch

WRAPPERS = ("state_dict", "model")
"""Keys under which training scripts store the state dict."""


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """Returns the tensors by name, without running code of a .pth file.

    Raises:
        UserError: the file is missing, broken or holds something else, or its package is not installed.
    """
    if not path.is_file():
        raise UserError(f"a state dict must exist. Received: {path}, which is no file.")
    return _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)


def _safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError:
        raise _lacking("safetensors", path) from None
    try:
        return load_file(path)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise _broken(path, error) from None


def _pickled(path: Path) -> dict[str, np.ndarray]:
    try:
        import torch
    except ImportError:
        raise _lacking("torch", path) from None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise _broken(path, error) from None
    return {name: value.float().numpy() for name, value in _state_dict(content, path).items()}


def _state_dict(content: object, path: Path) -> Mapping[str, torch.Tensor]:
    import torch

    for key in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(
        isinstance(value, torch.Tensor) for value in content.values()
    ):
        raise UserError(
            f"a .pth file must hold a state dict, tensors by name. Received: {path}, which "
            "holds something else."
        )
    return content


def _lacking(package: str, path: Path) -> UserError:
    return UserError(
        f"reading {path.suffix or 'this file'} needs {package}. Received: {path}, and {package} is not "
        f"installed; run `{install_command(package)}`."
    )


def _broken(path: Path, error: Exception) -> UserError:
    return UserError(
        "a state dict must be a whole .safetensors or .pth file of tensors. "
        f"Received: {path} ({one_line(error)[:120]})."
    )
