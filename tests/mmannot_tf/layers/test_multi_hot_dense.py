import keras
import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.data.tag_lists import padded
from mmannot_tf.layers.multi_hot_dense import MultiHotDense

LISTS = padded([[4, 1], [], [0, 1, 5], [1]])


@pytest.fixture
def layer():
    keras.utils.set_random_seed(0)
    layer = MultiHotDense(6, 3, name="hidden")
    layer(LISTS)
    layer.bias.assign([0.3, -0.1, 0.2])
    return layer


def _by_numpy(layer):
    """Each image's rows of the kernel added up one by one."""
    kernel, bias = layer.kernel.numpy().astype(float), layer.bias.numpy()
    rows = [sum((kernel[index] for index in row if index >= 0), np.zeros(3)) for row in LISTS.tolist()]
    return np.maximum(np.array(rows) + bias, 0.0)


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_lists_select_rows_of_the_kernel(layer, compiled, portable):
    call = tf.function(lambda lists: layer(lists, portable=portable), jit_compile=compiled)
    np.testing.assert_allclose(call(tf.constant(LISTS)), _by_numpy(layer), rtol=1e-6)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_are_those_of_a_plain_dense_layer(layer, compiled, training):
    weights = tf.constant(np.random.default_rng(1).normal(size=(4, 3)), tf.float32)
    vectors = np.zeros((4, 6), np.float32)
    for row, indices in enumerate(LISTS.tolist()):
        vectors[row, [index for index in indices if index >= 0]] = 1.0
    plain = keras.layers.Dense(3, activation="relu")
    plain(vectors)
    plain.set_weights([layer.kernel.numpy(), layer.bias.numpy()])

    def gradients(dense, inputs, **options):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(weights * dense(inputs, **options) ** 2)
        return [*map(tf.convert_to_tensor, tape.gradient(loss, [dense.kernel.value, dense.bias.value]))]

    ours = tf.function(lambda lists: gradients(layer, lists, training=training), jit_compile=compiled)
    computed = ours(tf.constant(LISTS))
    for ours, expected in zip(computed, gradients(plain, vectors), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)


def test_only_rows_that_are_read_become_bfloat16():
    layer = MultiHotDense(6, 3, dtype=keras.DTypePolicy("mixed_bfloat16"))
    assert layer(LISTS).dtype == layer(LISTS, portable=True).dtype == tf.bfloat16
    assert layer.kernel.dtype == "float32"


def test_survives_serialization():
    layer = MultiHotDense(6, 3, name="hidden")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (again.size, again.units, again.name) == (6, 3, "hidden")


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("beyond", [6, 7, 1000])
def test_a_position_beyond_the_vectors_is_an_error_or_none_where_xla_cannot_raise_it(layer, portable, beyond):
    lists = np.where(LISTS < 0, beyond, LISTS)

    def call(lists):
        with tf.GradientTape() as tape:
            output = layer(lists, portable=portable, training=True)
        return output, tape.gradient(output, layer.kernel.value) if not portable else ()

    with pytest.raises(tf.errors.InvalidArgumentError, match=str(beyond)):
        call(tf.constant(lists))
    compiled = tf.function(call, jit_compile=True)
    for have, want in zip(compiled(tf.constant(lists)), compiled(tf.constant(LISTS)), strict=True):
        np.testing.assert_array_equal(have, want)
