import subprocess
import sys

import keras
import numpy as np
import pytest

from mmannot_tf.models.backbone import build_backbone
from mmannot_tf.models.geometry import KERAS
from mmannot_tf.weights import weights_file
from mmannot_tf.weights.assignment import named_variables
from mmannot_tf.weights.provenance import CAFFE, CENTRED, Provenance
from mmannot_tf.weights.source import resolve
from tfrecords_tools.shell.errors import UserError


def _backbone(architecture="tiny"):
    return build_backbone(architecture, image_size=32, momentum=0.9, epsilon=1e-3)


@pytest.fixture
def file(tmp_path):
    """An imported file of a tiny backbone, and its tensors."""
    rng = np.random.default_rng(0)
    tensors = {n: rng.normal(size=v.shape).astype("f4") for n, v in named_variables(_backbone()).items()}
    digest = weights_file.tensors_digest(tensors)
    provenance = Provenance("tfjs", "tiny", 1e-3, KERAS, CAFFE, digest)
    weights_file.write(tmp_path / "tiny.h5", tensors, provenance)
    return tmp_path / "tiny.h5", tensors, provenance


def test_random_keeps_the_backbone_and_leaves_epsilon_to_the_caller():
    source, backbone = resolve("random", "tiny"), _backbone()
    before = backbone.get_weights()
    source.load_into(backbone)
    assert all(np.array_equal(a, b) for a, b in zip(before, backbone.get_weights(), strict=True))
    assert source.provenance == Provenance("random", "tiny", None, KERAS, CENTRED, None)


def test_a_file_is_loaded_by_name(file):
    path, tensors, provenance = file
    source, backbone = resolve(str(path), "tiny"), _backbone()
    source.load_into(backbone)
    assert source.provenance == provenance
    for name, variable in named_variables(backbone).items():
        np.testing.assert_array_equal(variable.numpy(), tensors[name])


def test_a_file_of_another_architecture_is_refused_before_any_work(file):
    with pytest.raises(UserError, match=r"resnet50\. Received: .*tiny\.h5, which holds tiny"):
        resolve(str(file[0]), "resnet50")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"none\.h5, which does not exist"):
        resolve(str(tmp_path / "none.h5"), "tiny")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_imagenet_comes_from_keras_applications(monkeypatch):
    made = []

    def without_download(*, weights, include_top):
        made.append((weights, include_top))
        return original(weights=None, include_top=include_top)

    original = keras.applications.ResNet50
    monkeypatch.setattr(keras.applications, "ResNet50", without_download)
    source, backbone = resolve("imagenet", "resnet50"), _backbone("resnet50")
    keras.utils.set_random_seed(1)
    source.load_into(backbone)
    keras.utils.set_random_seed(1)
    expected = original(weights=None, include_top=False).get_weights()
    assert made == [("imagenet", False)]
    assert all(np.array_equal(a, b) for a, b in zip(expected, backbone.get_weights(), strict=True))


@pytest.mark.parametrize("architecture", ["resnet50", "resnet101", "resnet152"])
def test_imagenet_says_how_keras_made_it(architecture):
    from keras.src.applications.resnet import WEIGHTS_HASHES

    digest = f"md5:{WEIGHTS_HASHES[architecture][1]}"
    expected = Provenance("imagenet", architecture, 1.001e-5, KERAS, CAFFE, digest)
    assert resolve("imagenet", architecture).provenance == expected


def test_a_failed_download_is_one_line(monkeypatch):
    def fail(**_):
        raise Exception("URL fetch failure on https://example.org:\nno name")  # as Keras does

    monkeypatch.setattr(keras.applications, "ResNet50", fail)
    with pytest.raises(
        UserError, match=r"^weights 'imagenet' need internet access .* no name; or import .*$"
    ):
        resolve("imagenet", "resnet50").load_into(None)


def test_tiny_has_no_imagenet_weights():
    with pytest.raises(UserError, match="Received: backbone tiny"):
        resolve("imagenet", "tiny")


@pytest.mark.slow
def test_resolving_needs_no_tensorflow(file):
    code = (
        "import sys\n"
        "from mmannot_tf.weights import importers\n"
        "from mmannot_tf.weights.source import resolve\n"
        "resolve('random', 'tiny'), resolve('imagenet', 'resnet50'), resolve(sys.argv[1], 'tiny')\n"
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code, str(file[0])], check=True)
