import json

import numpy as np
import pytest

from tfrecords_tools.shell.errors import UserError

KINDS = ("Conv2D", "BatchNormalization")


def _norm(name, channels):
    return {f"{name}/{v}": (channels,) for v in ("gamma", "beta", "moving_mean", "moving_variance")}


def _bottlenecks(blocks, width):
    """{(group, unit, branch): [height, width, in, out]} of a ResNet's convolutions after the first.

    Groups and units count from 1; branch 0 is the shortcut, 1 to 3 are the unit's own.
    """
    shapes, inputs = {}, width
    for group, units in enumerate(blocks, start=1):
        inner = width * 2 ** (group - 1)
        for unit in range(1, units + 1):
            if unit == 1:
                shapes[group, unit, 0] = (1, 1, inputs, 4 * inner)
            shapes[group, unit, 1] = (1, 1, inputs, inner)
            shapes[group, unit, 2] = (3, 3, inner, inner)
            shapes[group, unit, 3] = (1, 1, inner, 4 * inner)
            inputs = 4 * inner
    return shapes


@pytest.fixture(scope="session")
def bottlenecks():
    return _bottlenecks


def _caffe_shapes():
    """Tensors of a ResNet of width 8 with one unit a group, under Caffe's names."""
    shapes = {"conv1/kernel": (7, 7, 3, 8), "conv1/bias": (8,), **_norm("bn_conv1", 8)}
    for (group, _, branch), shape in _bottlenecks((1, 1, 1, 1), 8).items():
        name = f"{group + 1}a_branch{('1', '2a', '2b', '2c')[branch]}"
        shapes |= {f"res{name}/kernel": shape, f"res{name}/bias": shape[-1:]}
        shapes |= _norm(f"bn{name}", shape[-1])
    return {**shapes, "fc1000/kernel": (256, 1000), "fc1000/bias": (1000,)}


def _layers(tensors):
    for pad in (3, 1):
        config = {"name": f"pad_{pad}", "padding": [[pad, pad], [pad, pad]]}
        yield {"name": config["name"], "class_name": "ZeroPadding2D", "config": config}
    pooling = {"name": "max_pooling2d", "padding": "valid", "strides": [2, 2], "pool_size": [3, 3]}
    yield {"name": pooling["name"], "class_name": "MaxPooling2D", "config": pooling}
    for name in dict.fromkeys(tensor.split("/")[0] for tensor in tensors):
        config = {"name": name}
        if name.startswith("bn"):
            config["epsilon"] = 0.001
        elif name.startswith(("res", "conv")):
            first = name.endswith(("branch1", "branch2a")) and name[3] in "345"
            config["strides"] = [2, 2] if first or name == "conv1" else [1, 1]
            config["padding"] = "same" if name.endswith("2b") else "valid"
        yield {"name": name, "class_name": KINDS[name.startswith("bn")], "config": config}


def _relative(ours, theirs):
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def _backbone(path, size, geometry=None):
    """The backbone as a run builds it, from what the imported file says and nothing else."""
    from mmannot_tf.models.backbone import build_backbone
    from mmannot_tf.weights import weights_file
    from mmannot_tf.weights.source import resolve

    provenance = weights_file.read_provenance(path)
    backbone = build_backbone(
        provenance.architecture,
        image_size=size,
        momentum=0.9,
        epsilon=provenance.epsilon,
        geometry=geometry or provenance.geometry,
    )
    resolve(str(path), provenance.architecture).load_into(backbone)
    return backbone


@pytest.fixture(scope="session")
def tap_differences():
    """(imported file, images, the expected five maps) to max|a - b| / max|b| at each tap."""

    def differences(path, images, expected, geometry=None):
        maps = _backbone(path, images.shape[1], geometry)(images)
        assert [tap.shape for tap in maps] == [tap.shape for tap in expected]
        return [_relative(np.asarray(a), np.asarray(b)) for a, b in zip(maps, expected, strict=True)]

    return differences


@pytest.fixture
def refused(origin):
    """Holds an import to end in one line that names the path, with nothing written.

    `origin` is a fixture of the tests' own file.
    """

    def importing(path, expected):
        from mmannot_tf.weights.importers import import_weights

        with pytest.raises(UserError, match=expected) as caught:
            import_weights(path, origin, path.parent / "out.h5")
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)
        assert not (path.parent / "out.h5").exists()

    return importing


@pytest.fixture(scope="session")
def tf_checkpoint():
    """(prefix, tensors) to the prefix of a checkpoint of them, as TensorFlow's Saver writes it."""

    def save(prefix, tensors):
        import tensorflow as tf

        tf.raw_ops.SaveV2(
            prefix=str(prefix),
            tensor_names=list(tensors),
            shape_and_slices=[""] * len(tensors),
            tensors=list(tensors.values()),
        )
        return prefix

    return save


@pytest.fixture(scope="session")
def random_values():
    """Shapes by name to values; names that end in `scales`, factors and variances, are positive."""

    def values(shapes, scales, *, fan_in):
        rng = np.random.default_rng(0)

        def value(name, shape):
            if len(shape) > 1:
                return rng.normal(0, np.sqrt(2 / fan_in(shape)), shape)
            return rng.uniform(0.5, 1.5, shape) if name.endswith(scales) else rng.normal(0, 0.2, shape)

        return {name: value(name, shape).astype(np.float32) for name, shape in shapes.items()}

    return values


@pytest.fixture(scope="session")
def images_of():
    """Side to two pictures as a network sees them, 0 to 255 around a mean."""
    return lambda size: np.random.default_rng(1).uniform(-100, 150, (2, size, size, 3)).astype(np.float32)


@pytest.fixture
def caffe_tensors():
    """Random tensors under Caffe's names, as a TF.js model of the tiny ResNet would hold them."""
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=shape).astype("<f4") for name, shape in _caffe_shapes().items()}


@pytest.fixture
def tfjs_folder(tmp_path, caffe_tensors):
    """A TF.js model of the tiny ResNet: model.json and shards of 300,001 bytes, cut inside a number."""
    folder = tmp_path / "package" / "Tiny"
    folder.mkdir(parents=True)
    content = b"".join(tensor.tobytes() for tensor in caffe_tensors.values())
    cuts = range(0, len(content), 300_001)
    names = [f"group1-shard{n}of{len(cuts)}.bin" for n in range(1, len(cuts) + 1)]
    for name, start in zip(names, cuts, strict=True):
        (folder / name).write_bytes(content[start : start + 300_001])
    entries = [{"name": n, "shape": list(t.shape), "dtype": "float32"} for n, t in caffe_tensors.items()]
    model = {
        "format": "layers-model",
        "modelTopology": {"model_config": {"config": {"layers": list(_layers(caffe_tensors))}}},
        "weightsManifest": [{"paths": names, "weights": entries}],
    }
    (folder / "model.json").write_text(json.dumps(model))
    return folder
