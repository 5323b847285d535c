import numpy as np

from mmannot_tf.models.places import build_places
from mmannot_tf.models.pooling import build_pooling

SHAPES = [(16, 16, 2), (8, 8, 3), (4, 4, 4), (3, 3, 5), (2, 3, 6)]


def test_the_places_of_the_last_map_row_by_row_and_their_average_is_the_pooled_feature():
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(2, *shape)).astype(np.float32) for shape in SHAPES]
    places = build_places(SHAPES)(maps).numpy()
    assert places.shape == (2, 6, 6)
    np.testing.assert_array_equal(places[:, 4], maps[-1][:, 1, 1])
    np.testing.assert_allclose(places.mean(axis=1), build_pooling(SHAPES)(maps), atol=1e-6)


def test_it_has_no_weights():
    assert build_places(SHAPES).variables == []
