import keras
import numpy as np

from mmannot_tf.models.classifier import build_classifier, start_at_frequencies


def test_logits_are_one_affine_map():
    classifier = build_classifier(4, 3, name="probe")
    weight, bias = np.random.default_rng(0).normal(size=(4, 3)), np.array([1.0, -2.0, 0.5])
    classifier.set_weights([weight, bias])
    features = np.random.default_rng(1).normal(size=(2, 4)).astype(np.float32)
    np.testing.assert_allclose(classifier(features), features @ weight + bias, atol=1e-5)


def test_the_papers_joint_feature_and_labels():
    classifier = build_classifier(4096, 81, name="classifier")
    assert classifier.name == "classifier"
    assert classifier.count_params() == 4096 * 81 + 81


def test_every_label_starts_at_one_half_without_features():
    assert not build_classifier(4, 3, name="probe")(np.zeros((1, 4), np.float32)).numpy().any()


def test_a_start_at_frequencies_answers_them_whatever_the_features():
    classifier, labels = (
        build_classifier(4, 3, name="probe"),
        np.array([[1, 0, 1], *[[1, 0, 0]] * 3], np.uint8),
    )
    start_at_frequencies(classifier, classifier.get_layer("logits"), labels)
    features = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    probabilities = 1 / (1 + np.exp(-classifier(features).numpy()))
    np.testing.assert_allclose(probabilities, [[4.5 / 5, 0.5 / 5, 1.5 / 5]] * 2, rtol=1e-5)


def test_above_layers_that_train_only_the_biases_start_at_frequencies():
    classifier = build_classifier(4, 3, name="probe")
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4), classifier])
    kernel = classifier.get_layer("logits").kernel.numpy()
    labels = np.array([[1, 0, 1], [1, 0, 0]], np.uint8)
    start_at_frequencies(network, classifier.get_layer("logits"), labels)
    assert np.array_equal(classifier.get_layer("logits").kernel, kernel)
    np.testing.assert_allclose(classifier.get_layer("logits").bias, np.log([5, 1 / 5, 1]), atol=1e-6)
