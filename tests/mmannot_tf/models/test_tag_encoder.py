import keras
import numpy as np

from mmannot_tf.data.tag_lists import padded
from mmannot_tf.layers.quantity_selection import QuantitySelection
from mmannot_tf.models.classifier import build_classifier
from mmannot_tf.models.tag_encoder import build_tag_encoder, portable


def test_the_papers_two_layers_of_2048():
    encoder = build_tag_encoder(1000)
    shapes = [variable.shape for variable in encoder.variables]
    assert shapes == [(1000, 2048), (2048,), (2048, 2048), (2048,)]
    assert (encoder.name, encoder.output_shape) == ("tag_encoder", (None, 2048))


def test_from_tags_to_labels_equals_numpy():
    rng = np.random.default_rng(0)
    encoder = build_tag_encoder(9, hidden=(8, 6))
    classifier = build_classifier(6, 5, name="probe")
    for variable in (*encoder.variables, *classifier.variables):
        variable.assign(rng.normal(size=variable.shape))
    tags = (rng.random((4, 9)) < 0.4).astype(np.float32)
    lists = padded(np.flatnonzero(row) for row in tags)
    quantity = np.array([1.2, 2.6, 0.1, 7.0], np.float32)
    w1, b1, w2, b2, w, b = [v.numpy().astype(np.float64) for v in encoder.variables + classifier.variables]
    hidden = np.maximum(tags @ w1 + b1, 0)
    textual = np.maximum(hidden @ w2 + b2, 0)
    logits = textual @ w + b
    count = np.clip(np.floor(quantity + 0.5), 1, 5).astype(int)
    expected = [set(np.argsort(-row, kind="stable")[:n]) for row, n in zip(logits, count, strict=True)]

    ours = classifier(encoder(lists))
    selected, _ = QuantitySelection()(ours, quantity)
    np.testing.assert_allclose(encoder(lists), textual, atol=1e-4)
    np.testing.assert_allclose(ours, logits, atol=1e-4)
    assert [set(np.flatnonzero(row)) for row in selected.numpy()] == expected


def test_kernels_start_glorot_uniform_and_biases_at_zero():
    encoder = build_tag_encoder(300, hidden=(200, 100))
    for layer, (inputs, units) in zip(encoder.layers[1:], [(300, 200), (200, 100)], strict=True):
        limit = np.sqrt(6 / (inputs + units))
        kernel = layer.kernel.numpy()
        assert 0.99 * limit < np.abs(kernel).max() <= limit
        np.testing.assert_allclose(kernel.std(), limit / np.sqrt(3), rtol=0.02)
        assert not layer.bias.numpy().any()


def test_the_portable_form_gives_the_same():
    encoder = build_tag_encoder(9, hidden=(8, 6))
    tags = np.random.default_rng(0).random((5, 9)) < 0.4
    lists = padded(np.flatnonzero(row) for row in tags)
    np.testing.assert_allclose(portable(encoder)(lists), encoder(lists), rtol=1e-6, atol=1e-7)
    assert {id(variable) for variable in portable(encoder).variables} == {
        id(variable) for variable in encoder.variables
    }


def test_dropout_acts_while_training_only(tmp_path):
    plain, encoder = build_tag_encoder(40, hidden=(8, 6)), build_tag_encoder(40, hidden=(8, 6), dropout=0.5)
    for of_plain, variable in zip(plain.trainable_variables, encoder.trainable_variables, strict=True):
        variable.assign(of_plain)
    lists = np.arange(40, dtype=np.int32).reshape(4, 10)
    for same in (encoder, portable(encoder)):
        np.testing.assert_allclose(same(lists), plain(lists), rtol=1e-6, atol=1e-7)
    assert not np.allclose(encoder(lists, training=True), plain(lists))
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(loaded(lists), encoder(lists))
    assert loaded.get_layer("tag_dropout").rate == 0.5
