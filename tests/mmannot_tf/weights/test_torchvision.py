"""torchvision's ResNet: what its own model says, its definition stated again, and state dicts of it."""

import importlib.util
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tiers import exhaustive

from mmannot_tf.models.geometry import KERAS, Geometry
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.importers import import_weights
from mmannot_tf.weights.naming import architecture_of
from mmannot_tf.weights.torchvision import import_torchvision, rename

TINY, RESNET50 = ((1, 1, 1, 1), 8), ((3, 4, 6, 3), 64)
NORM = ("weight", "bias", "running_mean", "running_var")
SCRIPT = Path(__file__).with_name("torchvision_taps.py")
FROZEN = SCRIPT.with_suffix(".npz")


@pytest.fixture(scope="module")
def shapes(bottlenecks):
    """(units a group, width) to the shapes of a state dict."""

    def of(blocks, width):
        convolutions = {("conv1", "bn1"): (7, 7, 3, width)}
        for (group, unit, branch), shape in bottlenecks(blocks, width).items():
            names = (f"conv{branch}", f"bn{branch}") if branch else ("downsample.0", "downsample.1")
            convolutions[tuple(f"layer{group}.{unit - 1}.{name}" for name in names)] = shape
        tensor_shapes = {}
        for (convolution, norm), (rows, columns, inputs, outputs) in convolutions.items():
            tensor_shapes[f"{convolution}.weight"] = (outputs, inputs, rows, columns)
            tensor_shapes |= {f"{norm}.{variable}": (outputs,) for variable in NORM}
        return {**tensor_shapes, "fc.weight": (1000, 32 * width), "fc.bias": (1000,)}

    return of


@pytest.fixture
def origin():
    return "torchvision"


def _scales(shapes):
    """The names of factors and variances: `weight` means a kernel elsewhere."""
    return tuple(name for name, shape in shapes.items() if len(shape) == 1 and name.endswith(("t", "var")))


def _maps(x, tensors, blocks):
    """torchvision/models/resnet.py's `_forward_impl` in plain TensorFlow; channels last."""

    def conv(x, name, stride=1):
        kernel = np.transpose(tensors[f"{name}.weight"], (2, 3, 1, 0))
        pad = kernel.shape[0] // 2
        return tf.nn.conv2d(x, kernel, stride, padding=[[0, 0], [pad, pad], [pad, pad], [0, 0]])

    def norm(x, name):
        weight, bias, mean, variance = (tensors[f"{name}.{variable}"] for variable in NORM)
        return (x - mean) / np.sqrt(variance + np.float32(1e-5)) * weight + bias

    x = tf.nn.relu(norm(conv(x, "conv1", 2), "bn1"))
    maps = [x]
    x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], constant_values=-np.inf)
    x = tf.nn.max_pool2d(x, 3, 2, "VALID")
    for layer, units in enumerate(blocks, start=1):
        for unit in range(units):
            name, stride = f"layer{layer}.{unit}", 2 if layer > 1 and unit == 0 else 1
            identity = x
            if unit == 0:
                identity = norm(conv(x, f"{name}.downsample.0", stride), f"{name}.downsample.1")
            out = tf.nn.relu(norm(conv(x, f"{name}.conv1"), f"{name}.bn1"))
            out = tf.nn.relu(norm(conv(out, f"{name}.conv2", stride), f"{name}.bn2"))
            x = tf.nn.relu(identity + norm(conv(out, f"{name}.conv3"), f"{name}.bn3"))
        maps.append(x)
    return maps


def _save(path, tensors):
    from safetensors.numpy import save_file

    save_file(tensors, path)
    return path


@pytest.fixture(scope="module")
def values(random_values):
    return lambda shapes: random_values(shapes, _scales(shapes), fan_in=lambda shape: math.prod(shape[1:]))


@pytest.fixture(scope="module")
def taps():
    """torchvision_taps.py, whose weights and images are drawn by numpy."""
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def resnet50(taps, shapes, tmp_path_factory):
    """The tensors of a ResNet-50, and the file imported from a state dict of them."""
    folder = tmp_path_factory.mktemp("torchvision")
    tensors = {name: taps.drawn(name, shape) for name, shape in shapes(*RESNET50).items()}
    counted = {**tensors, "bn1.num_batches_tracked": np.array(3)}
    import_weights(_save(folder / "resnet50.safetensors", counted), "torchvision", folder / "out.h5")
    return tensors, folder / "out.h5"


@pytest.fixture
def tiny(values, shapes):
    return values(shapes(*TINY))


@pytest.mark.exhaustive
def test_all_taps_equal_the_frozen_ones_of_torchvisions_own_model(resnet50, tap_differences, taps):
    with np.load(FROZEN) as frozen:
        expected = [frozen[f"32.{name}"] for name in taps.TAPS]
    assert max(tap_differences(resnet50[1], taps.image(32), expected)) < 1e-4


@pytest.mark.parametrize("size", [64, *exhaustive([75])])
def test_all_taps_equal_the_published_definition(resnet50, tap_differences, images_of, size):
    tensors, path = resnet50
    images = images_of(size) / 100
    assert max(tap_differences(path, images, _maps(images, tensors, RESNET50[0]))) < 1e-4


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "other", [KERAS, *exhaustive([Geometry("first_3x3", strided="same"), Geometry("first_3x3", "same")])]
)
def test_another_geometry_gives_other_maps(resnet50, tap_differences, images_of, other):
    tensors, path = resnet50
    images = images_of(64) / 100
    assert max(tap_differences(path, images, _maps(images, tensors, RESNET50[0]), other)) > 1e-2


def test_what_travels_along(resnet50):
    provenance, tensors = weights_file.read(resnet50[1])
    assert (provenance.origin, provenance.architecture) == ("torchvision", "resnet50")
    assert (provenance.epsilon, provenance.geometry) == (1e-5, Geometry("first_3x3"))
    np.testing.assert_array_equal(tensors["predictions/kernel"], resnet50[0]["fc.weight"].T)
    preprocessing = provenance.preprocessing
    pixels = np.array([[0, 0, 0], [255, 255, 255], [10, 20, 30]], np.float32)
    expected = (pixels / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    ours = (pixels - preprocessing.mean) * preprocessing.scale
    assert preprocessing.channel_order == "RGB"
    np.testing.assert_allclose(ours, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("architecture", "blocks"), [("resnet101", (3, 4, 23, 3)), ("resnet152", (3, 8, 36, 3))]
)
def test_deeper_names_are_those_of_keras_applications(architecture, blocks, shapes):
    ours = [rename(name) for name in shapes(blocks, 64)]
    assert architecture_of(ours, None) == architecture
    assert rename(f"layer3.{blocks[2] - 1}.bn3.weight") == f"conv4_block{blocks[2]}_3_bn/gamma"
    assert len(set(ours)) == len(ours) and None not in ours


def test_names_of_data_parallel(tiny, tmp_path):
    wrapped = {f"module.{name}": tensor for name, tensor in tiny.items()}
    plain = import_torchvision(_save(tmp_path / "a.safetensors", tiny))
    parallel = import_torchvision(_save(tmp_path / "b.safetensors", wrapped))
    assert parallel.provenance == plain.provenance


def test_doubled_tensors_are_named(tiny, tmp_path, refused):
    tensors = {**tiny, "module.bn1.bias": tiny["bn1.bias"]}
    refused(
        _save(tmp_path / "a.safetensors", tensors), r"doubled: .*bn1\.bias and .*bn1\.bias for conv1_bn/beta"
    )


def test_other_networks(tiny, tmp_path, refused):
    refused(
        _save(tmp_path / "a.safetensors", {"features.0.weight": np.zeros((64, 3, 3, 3), np.float32)}),
        r"must be of torchvision's resnet50.* with a tensor 'features\.0\.weight'",
    )
    shallow = {name: tensor for name, tensor in tiny.items() if ".conv3" not in name and ".bn3" not in name}
    refused(_save(tmp_path / "b.safetensors", shallow), "units of two convolutions")
    wide = {**tiny, "layer2.0.conv2.weight": np.zeros((32, 32, 3, 3), np.float32)}
    refused(_save(tmp_path / "c.safetensors", wide), "of another shape: conv3_block1_2_conv/kernel")
    refused(_save(tmp_path / "d.safetensors", {}), "with no tensors")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_truncated(tiny, tmp_path, share, refused):
    path = _save(tmp_path / "a.safetensors", tiny)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    refused(path, "must be a whole .safetensors or .pth")


def test_missing(tmp_path, refused):
    refused(tmp_path / "none.pth", "which is no file")


@pytest.mark.parametrize(("package", "name"), [("safetensors", "a.safetensors"), ("torch", "a.pth")])
def test_a_package_that_is_not_installed_is_named(monkeypatch, tmp_path, package, name, refused):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_bytes(b"")
    refused(tmp_path / name, rf"needs {package}\. .*pip install '{package}>=")


@pytest.mark.exhaustive
def test_pth_and_safetensors_are_the_same(tiny, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make torch`)")
    state = {name: torch.from_numpy(tensor) for name, tensor in tiny.items()}
    plain = import_torchvision(_save(tmp_path / "a.safetensors", tiny)).provenance
    for content in (state, {"epoch": 3, "state_dict": state}, {"model": state}):
        torch.save(content, tmp_path / "a.pth")
        assert import_torchvision(tmp_path / "a.pth").provenance == plain


@pytest.mark.exhaustive
def test_pth_files_of_something_else(tmp_path, refused):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make torch`)")
    torch.save([1, 2, 3], tmp_path / "list.pth")
    refused(tmp_path / "list.pth", "holds something else")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pth")
    refused(tmp_path / "module.pth", "must be a whole")
    (tmp_path / "text.pth").write_text("hello")
    refused(tmp_path / "text.pth", "must be a whole")
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "half.pth")
    (tmp_path / "half.pth").write_bytes((tmp_path / "half.pth").read_bytes()[:2000])
    refused(tmp_path / "half.pth", "must be a whole")


@pytest.mark.exhaustive
def test_all_taps_equal_torchvisions_own_model_and_the_frozen_ones_are_still_its(
    taps, tap_differences, tmp_path
):
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed (`make torch`)")
    out, state = tmp_path / "taps.npz", tmp_path / "resnet50.pth"
    command = [sys.executable, SCRIPT, out, "--sizes", "32,64,75", "--state", state]
    subprocess.run(command, check=True, timeout=300)
    import_weights(state, "torchvision", tmp_path / "out.h5")
    with np.load(out) as maps, np.load(FROZEN) as frozen:
        for size in (32, 64, 75):
            expected = [maps[f"{size}.{name}"] for name in taps.TAPS]
            differences = tap_differences(tmp_path / "out.h5", taps.image(size), expected)
            print(f"largest relative difference at each tap, {size} pixels: {differences}")
            assert max(differences) < 1e-4
        assert list(frozen) == [f"32.{name}" for name in taps.TAPS]
        for name in frozen:
            scale = np.abs(frozen[name]).max()
            np.testing.assert_allclose(maps[name], frozen[name], rtol=0, atol=1e-5 * scale)
