import numpy as np

from mmannot_tf.models.pooling import build_pooling

SHAPES = [(16, 16, 2), (8, 8, 3), (4, 4, 4), (3, 3, 5), (2, 2, 6)]


def test_the_feature_is_the_average_over_the_last_map():
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(2, *shape)).astype(np.float32) for shape in SHAPES]
    np.testing.assert_allclose(build_pooling(SHAPES)(maps), maps[-1].mean((1, 2)), atol=1e-6)


def test_it_has_no_weights():
    assert build_pooling(SHAPES).variables == []
