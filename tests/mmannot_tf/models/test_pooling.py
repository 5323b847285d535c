import numpy as np

from mmannot_tf.models.pooling import build_places, build_pooled_scales, build_pooling

SHAPES = [(16, 16, 2), (8, 8, 3), (4, 4, 4), (3, 3, 5), (2, 3, 6)]


def test_the_feature_is_the_average_over_the_last_map():
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(2, *shape)).astype(np.float32) for shape in SHAPES]
    np.testing.assert_allclose(build_pooling(SHAPES)(maps), maps[-1].mean((1, 2)), atol=1e-6)


def test_pooling_has_no_weights():
    assert build_pooling(SHAPES).variables == []


def test_the_places_of_the_last_map_row_by_row_and_their_average_is_the_pooled_feature():
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(2, *shape)).astype(np.float32) for shape in SHAPES]
    places = build_places(SHAPES)(maps).numpy()
    assert places.shape == (2, 6, 6)
    np.testing.assert_array_equal(places[:, 4], maps[-1][:, 1, 1])
    np.testing.assert_allclose(places.mean(axis=1), build_pooling(SHAPES)(maps), atol=1e-6)


def test_pooled_scales_are_the_averages_over_all_maps_finest_first():
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(2, *shape)).astype(np.float32) for shape in SHAPES]
    expected = np.concatenate([scale.mean((1, 2)) for scale in maps], axis=1)
    np.testing.assert_allclose(build_pooled_scales(SHAPES, len(SHAPES))(maps), expected, atol=1e-6)
    assert build_pooled_scales(SHAPES, len(SHAPES)).variables == []


def test_places_have_no_weights():
    assert build_places(SHAPES).variables == []
