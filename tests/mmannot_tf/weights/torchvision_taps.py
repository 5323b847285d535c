"""The five taps of torchvision's own ResNet-50, with weights that anyone can draw again.

    python torchvision_taps.py TAPS.npz [--sizes 32,64] [--state STATE.pth]

Writes the maps as SIZE.NAME, channels last, and the state dict. torchvision_taps.npz beside this file holds
those at 32 pixels (torchvision 0.29.1, torch 2.14.1); `make test-all` runs this again and compares.

Runs in a process of its own: torchvision and TensorFlow crash together.
"""

import argparse
import math
import zlib
from pathlib import Path

import numpy as np

TAPS = ("relu", "layer1", "layer2", "layer3", "layer4")


def _stream(name: str) -> np.random.RandomState:
    """A stream of its own for each name; numpy promises that RandomState's never change."""
    return np.random.RandomState(zlib.crc32(name.encode()))


def drawn(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The float32 tensor of a name of torchvision's state dict: He normal kernels, positive variances."""
    if len(shape) > 1:
        values = _stream(name).normal(0.0, math.sqrt(2 / math.prod(shape[1:])), shape)
    elif name.endswith(("weight", "running_var")):
        values = _stream(name).uniform(0.5, 1.5, shape)
    else:
        values = _stream(name).normal(0.0, 0.2, shape)
    return values.astype(np.float32)


def image(size: int) -> np.ndarray:
    """A normalised image, [1, size, size, 3] float32."""
    return _stream(f"image {size}").uniform(-1.0, 1.5, (1, size, size, 3)).astype(np.float32)


def main() -> None:
    """Runs torchvision's model and writes what its taps say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--sizes", default="32")
    parser.add_argument("--state", type=Path)
    arguments = parser.parse_args()

    import torch
    from torchvision.models import resnet50

    model = resnet50(weights=None).eval()
    known = {name: value for name, value in model.state_dict().items() if "num_batches_tracked" not in name}
    state = {name: torch.from_numpy(drawn(name, tuple(value.shape))) for name, value in known.items()}
    model.load_state_dict(state, strict=False)
    taps: dict[str, np.ndarray] = {}

    def keep(name: str):
        def hook(_module, _inputs, output):
            taps[name] = output.numpy().transpose(0, 2, 3, 1).copy()

        return hook

    maps = {}
    for name in TAPS:
        getattr(model, name).register_forward_hook(keep(name))
    with torch.no_grad():
        for size in map(int, arguments.sizes.split(",")):
            taps.clear()
            model(torch.from_numpy(image(size).transpose(0, 3, 1, 2).copy()))
            maps |= {f"{size}.{name}": taps[name] for name in TAPS}
    np.savez_compressed(arguments.out, **maps)
    if arguments.state:
        torch.save(model.state_dict(), arguments.state)


if __name__ == "__main__":
    main()
