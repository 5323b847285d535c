import numpy as np

from mmannot_tf.models.classifier import build_classifier


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
