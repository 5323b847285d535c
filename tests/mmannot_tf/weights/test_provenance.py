import json

import numpy as np
import pytest
from keras import applications

from mmannot_tf.models.geometry import KERAS, Geometry
from mmannot_tf.weights.provenance import CAFFE, CENTRED, Preprocessing, Provenance

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.float32)
PROVENANCE = Provenance("tfjs", "resnet50", 1e-3, KERAS, CAFFE, "abc")


def _preprocessed(preprocessing: Preprocessing):
    channels = PIXELS[..., ::-1] if preprocessing.channel_order == "BGR" else PIXELS
    return (channels - np.array(preprocessing.mean, np.float32)) * preprocessing.scale


def test_caffe_is_what_keras_applications_does_for_resnets():
    np.testing.assert_allclose(
        _preprocessed(CAFFE), applications.resnet.preprocess_input(PIXELS.copy()), atol=1e-4
    )


def test_centred_runs_from_minus_one_to_one():
    np.testing.assert_allclose(
        _preprocessed(CENTRED), applications.mobilenet.preprocess_input(PIXELS.copy()), atol=1e-6
    )


@pytest.mark.parametrize(
    "provenance",
    [
        PROVENANCE,
        Provenance("random", "tiny", None, KERAS, CENTRED, None),
        Provenance("slim", "resnet101", 1e-5, Geometry("last_3x3", pool="same"), CENTRED, "abc"),
    ],
)
def test_survives_json(provenance):
    assert Provenance.from_dict(json.loads(json.dumps(provenance.to_dict()))) == provenance


@pytest.mark.parametrize("change", [{"geometry": None}, {"more": 1}, {"preprocessing": None}])
def test_a_plain_value_of_other_keys_is_refused(change):
    plain = {**PROVENANCE.to_dict(), **change}
    plain = {key: value for key, value in plain.items() if value is not None}
    with pytest.raises((TypeError, KeyError)):
        Provenance.from_dict(plain)


def _version_1(**change):
    """As files and runs were written before there were other origins than Keras."""
    preprocessing = {"channel_order": "BGR", "mean": [103.939, 116.779, 123.68], "scale": 1.0}
    plain = {"origin": "tfjs", "architecture": "resnet50", "epsilon": 1e-3, "stride": "first"}
    return {**plain, "preprocessing": preprocessing, "digest": "abc", **change}


def test_what_was_written_before_is_read():
    assert Provenance.from_dict(_version_1()) == PROVENANCE


@pytest.mark.parametrize(
    "plain",
    [
        _version_1(stride="last"),
        {**PROVENANCE.to_dict(), "version": 3},
        {**PROVENANCE.to_dict(), "geometry": {"stride": "first"}},
        {**PROVENANCE.to_dict(), "geometry": {"pool": "valid"}},
    ],
)
def test_unknown_values_are_refused(plain):
    with pytest.raises(ValueError, match="Received: "):
        Provenance.from_dict(plain)
