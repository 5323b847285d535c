import numpy as np
import pytest

from mmannot_tf.layers.tag_dropout import TagDropout

LISTS = np.concatenate([np.arange(10_000), np.full(500, -1)]).reshape(-1, 20).astype(np.int32)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_each_tag_is_hidden_with_the_rate_and_none_is_another(rate):
    lists = TagDropout(rate)(LISTS, training=True).numpy()
    hidden = lists == -1
    assert (lists[~hidden] == LISTS[~hidden]).all() and hidden[LISTS == -1].all()
    deviation = np.sqrt(rate * (1 - rate) / 10_000)
    assert abs(hidden[LISTS >= 0].mean() - rate) < 4 * deviation


def test_steps_hide_other_tags_and_inference_hides_none():
    layer = TagDropout(0.5)
    first, second = layer(LISTS, training=True).numpy(), layer(LISTS, training=True).numpy()
    assert (first != second).any()
    np.testing.assert_array_equal(layer(LISTS), LISTS)
