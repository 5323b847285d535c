import keras
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from mmannot_tf.layers.feature_standardization import (
    FLOOR,
    FeatureStandardization,
    mean_and_deviation,
)


@pytest.fixture
def features():
    draw = np.random.default_rng(0)
    return (draw.gamma(2.0, size=(500, 7)) * [1, 2, 5, 0.3, 1, 1, 1] + [0, 9, 0, 0, 100, 0, 0]).astype(
        "float32"
    )


def test_it_is_the_scaling_of_scikit_learn(features):
    layer = FeatureStandardization()
    layer.adapt(features)
    others = np.random.default_rng(1).normal(size=(20, 7)).astype(np.float32)
    expected = StandardScaler().fit(features).transform(others)
    np.testing.assert_allclose(layer(others), expected, rtol=1e-3, atol=1e-4)


def test_places_of_a_map_share_the_scaling_of_their_unit(features):
    for have, want in zip(
        mean_and_deviation(features.reshape(100, 5, 7)), mean_and_deviation(features), strict=True
    ):
        np.testing.assert_array_equal(have, want)


def test_units_that_hardly_vary_are_not_blown_up(features):
    features[:, 2] = 4.0
    features[:, 3] = 0.0
    mean, deviation = mean_and_deviation(features)
    spread = features.astype(np.float64).std(axis=0)
    least = FLOOR * np.sqrt((spread**2).mean())
    np.testing.assert_allclose(deviation[[2, 3]], least, rtol=1e-5)
    assert mean[2] == 4.0
    constant = np.full((10, 2), 3.0, np.float32)
    np.testing.assert_array_equal(mean_and_deviation(constant), [[3, 3], [1, 1]])


def test_a_new_layer_changes_nothing_and_nothing_of_it_is_trained(features):
    layer = FeatureStandardization()
    np.testing.assert_array_equal(layer(features), features)
    assert layer.trainable_weights == [] and len(layer.weights) == 2


def test_its_values_are_saved_as_weights(features, tmp_path):
    inputs = keras.Input((7,))
    model = keras.Model(inputs, FeatureStandardization(name="standardization")(inputs))
    model.get_layer("standardization").adapt(features)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(features), model(features))
    assert np.abs(loaded(features).numpy().mean(axis=0)).max() < 1e-3
