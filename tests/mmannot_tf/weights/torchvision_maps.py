"""torchvision's own ResNet-50 on images; in a process of its own: torchvision and TensorFlow crash together.

python torchvision_maps.py FOLDER: reads FOLDER/{tensors,images}.npz, writes FOLDER/resnet50.pth and maps.npz.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from torchvision.models import resnet50

TAPS = ("relu", "layer1", "layer2", "layer3", "layer4")


def main(folder: Path) -> None:
    model = resnet50(weights=None).eval()
    state = {name: torch.from_numpy(tensor) for name, tensor in np.load(folder / "tensors.npz").items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        sys.exit(f"missing {missing}, unexpected {unexpected}")
    torch.save(model.state_dict(), folder / "resnet50.pth")
    with torch.no_grad():
        maps = {name: _maps(model, images) for name, images in np.load(folder / "images.npz").items()}
    np.savez(folder / "maps.npz", **{f"{name}.{tap}": m for name, found in maps.items() for tap, m in found})


def _maps(model: torch.nn.Module, images: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The output of each tap, channels last."""
    found: dict[str, np.ndarray] = {}

    def keep(name: str):
        def hook(_, __, out):
            found[name] = out.numpy().transpose(0, 2, 3, 1).copy()

        return hook

    hooks = [getattr(model, name).register_forward_hook(keep(name)) for name in TAPS]
    model(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    for hook in hooks:
        hook.remove()
    return [(name, found[name]) for name in TAPS]


main(Path(sys.argv[1]))
