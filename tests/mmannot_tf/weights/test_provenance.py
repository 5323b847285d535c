import json

import numpy as np
import pytest
from keras import applications

from mmannot_tf.weights.provenance import CAFFE, CENTRED, Preprocessing, Provenance

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype(np.float32)
PROVENANCE = Provenance("tfjs", "resnet50", 1e-3, "first", CAFFE, "abc")


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
    "provenance", [PROVENANCE, Provenance("random", "tiny", None, "first", CENTRED, None)]
)
def test_survives_json(provenance):
    assert Provenance.from_dict(json.loads(json.dumps(provenance.to_dict()))) == provenance


@pytest.mark.parametrize("change", [{"stride": None}, {"more": 1}, {"preprocessing": None}])
def test_a_plain_value_of_other_keys_is_refused(change):
    plain = {**PROVENANCE.to_dict(), **change}
    plain = {key: value for key, value in plain.items() if value is not None}
    with pytest.raises((TypeError, KeyError)):
        Provenance.from_dict(plain)
