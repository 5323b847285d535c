"""The public API as a user has it: everything here comes from `mmannot_tf` alone."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiers import exhaustive

import mmannot_tf

ROOT = Path(__file__).resolve().parents[1]
LABELS, TAGS, SIZE, IMAGES = 5, 20, 64, 12


@pytest.fixture(scope="module")
def examples():
    """(inputs, targets) of a few random images, of which each has a label."""
    rng = np.random.default_rng(0)
    labels = (rng.random((IMAGES, LABELS)) < 0.4).astype(np.int32)
    labels[:, 0] |= ~labels.any(axis=1)
    inputs = {
        "image": rng.uniform(0, 255, (IMAGES, SIZE, SIZE, 3)).astype(np.float32),
        "tags": np.array([[3, -1, -1], [0, 7, 19], [-1, -1, -1]] * (IMAGES // 3), np.int32),
    }
    return inputs, {"logits": labels, "predicted_quantity": labels.sum(axis=1)}


def _small(**options) -> keras.Model:
    return mmannot_tf.build_annotator(
        mmannot_tf.Architecture(blocks=(1, 1, 1, 1), width=4),
        labels=LABELS,
        tags=TAGS,
        image_size=SIZE,
        **{"tag_hidden": (8, 8), "quantity_hidden": (8, 8), "batch_norm_momentum": 0.9, **options},
    )


@pytest.fixture(scope="module")
def annotator():
    keras.utils.set_random_seed(0)
    return _small(mean_quantity=2.0)


@pytest.fixture(scope="module")
def outputs(annotator, examples):
    return {name: np.asarray(values) for name, values in annotator(examples[0], training=False).items()}


def _fresh(code: str) -> str:
    """What a new process prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_public_name_is_there_and_documented():
    for name in mmannot_tf.__all__:
        assert getattr(mmannot_tf, name) is not None
        assert name == "ARCHITECTURES" or name == "__version__" or getattr(mmannot_tf, name).__doc__.strip()
    assert set(mmannot_tf.__all__) <= set(dir(mmannot_tf))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="build_anotator"):
        _ = mmannot_tf.build_anotator


@pytest.mark.slow
def test_importing_the_package_loads_no_large_library():
    large = {"tensorflow", "keras", "numpy", "pydantic", "tensorflow_datasets", "PIL", "typer", "rich"}
    assert _fresh(f"import sys, mmannot_tf; print(sorted({large} & set(sys.modules)))") == "[]"


@pytest.mark.slow
def test_scoring_loads_no_tensorflow():
    code = """
        import sys, mmannot_tf
        print(mmannot_tf.score([[1, 1]], selected=[[1, 1]]).harmonic_f1, mmannot_tf.open_records.__name__)
        print(sorted({"tensorflow", "keras"} & set(sys.modules)))
    """
    assert _fresh(code).splitlines() == ["100.0 open_records", "[]"]


# Scores


def test_scores_are_worked_out_by_hand():
    labels = [[1, 0, 1], [0, 1, 0], [0, 1, 1]]
    selected = [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    scores = mmannot_tf.score(labels, selected=selected)
    assert scores.class_precision == pytest.approx(100 * (1 + 1 / 2 + 1) / 3)
    assert scores.class_recall == pytest.approx(100 * (1 + 1 / 2 + 1 / 2) / 3)
    assert scores.image_precision == pytest.approx(100 * 3 / 4)
    assert scores.image_recall == pytest.approx(100 * 3 / 5)
    assert scores.image_f1 == pytest.approx(100 * 2 / 3)
    c_f1 = 2 * scores.class_precision * scores.class_recall / (scores.class_precision + scores.class_recall)
    assert scores.class_f1 == pytest.approx(c_f1)
    assert scores.harmonic_f1 == pytest.approx(2 * c_f1 * scores.image_f1 / (c_f1 + scores.image_f1))


def test_scores_take_lists_arrays_and_rankings():
    labels = np.array([[1, 0, 1], [0, 1, 0]])
    ranking = [[0.9, 0.1, 0.4], [0.2, 0.3, 0.3]]  # among equal scores the lower index comes first
    by_rank = mmannot_tf.score(labels, scores=ranking, k=1)
    for selected in ([[1, 0, 0], [0, 1, 0]], np.array([[1, 0, 0], [0, 1, 0]], bool)):
        assert mmannot_tf.score(labels.tolist(), selected=selected) == by_rank
    assert by_rank.image_precision == 100.0
    assert mmannot_tf.score(labels.astype(np.float32), selected=[[1, 0, 0], [0, 1, 0]]) == by_rank


@pytest.mark.parametrize(
    ("labels", "arguments", "message"),
    [
        (
            [[1, 0, 1]],
            {"selected": [[1, 0, 1], [1, 1, 1]]},
            r"selected must have the shape of labels, \(1, 3\)",
        ),
        ([[1, 0, 1]], {"scores": [[0.1, 0.2]], "k": 1}, "scores must have the shape of labels"),
        (
            [[1, 0]],
            {"selected": [[0.9, 0.1]]},
            "selected must be bool or integers 0 and 1. Received: float64",
        ),
        ([[0.9, 0.0]], {"selected": [[1, 0]]}, r"labels must hold 0 and 1 only. Received: 0\.9"),
        ([[2, 0]], {"selected": [[1, 0]]}, "labels must hold 0 and 1 only"),
        ([["a", "b"]], {"selected": [[1, 0]]}, "labels must be multi-hot"),
        ([[1, 0]], {"selected": [[1, -1]]}, "selected must hold 0 and 1 only. Received: -1"),
        ([[1, 0]], {"selected": np.ma.masked_array([[1, 0]], [[0, 1]])}, "selected must not be masked"),
        ([[1, 0]], {"selected": [[1, 0]], "never_predicted": "one"}, "never_predicted must be one of"),
        ([[1, 0]], {"selected": [[1, 0]], "image_average": "sum"}, "image_average must be one of"),
        ([[1, 0]], {"scores": [[0.9, np.nan]], "k": 1}, "scores must be finite"),
        ([[1, 0]], {"scores": [["a", "b"]], "k": 1}, "scores must be real numbers"),
        ([[1, 0]], {"scores": [[0.9, 0.1]], "k": 3}, "k must be a whole number from 1 to 2"),
        ([[1, 0]], {"scores": [[0.9, 0.1]], "k": True}, "k must be a whole number"),
        ([[1, 0]], {"scores": [[0.9, 0.1]]}, "either selected, or scores together with k"),
        ([[1, 0]], {"selected": [[1, 0]], "k": 1}, "either selected, or scores together with k"),
        ([[1, 0]], {}, "either selected, or scores together with k"),
        ([1, 0], {"selected": [1, 0]}, r"labels must be \[images, classes\]"),
        ([[1, 0], [1]], {"selected": [[1, 0]]}, "labels must have rows of one length"),
        ([], {"selected": []}, r"labels must be \[images, classes\]"),
    ],
)
def test_what_cannot_be_scored_is_refused(labels, arguments, message):
    with pytest.raises(ValueError, match=message):
        mmannot_tf.score(labels, **arguments)


@pytest.fixture(scope="module")
def ranked():
    """Labels and scores of images, with classes that have no true label and ties."""
    rng = np.random.default_rng(1)
    labels = rng.random((50, 7)) < 0.3
    labels[:, 6] = False
    return labels, rng.integers(0, 6, (50, 7)).astype(np.float32)


@pytest.mark.parametrize("name", mmannot_tf.metrics.__all__)
def test_a_metric_over_batches_is_the_score_of_all_images(name, ranked):
    labels, scores = ranked
    metric = getattr(mmannot_tf.metrics, name)(k=3)
    for _ in range(2):  # the second time after a reset
        for first in range(0, 50, 16):
            metric.update_state(labels[first : first + 16].astype(np.float32), scores[first : first + 16])
        expected = getattr(mmannot_tf.score(labels, scores=scores, k=3), metric.name)
        assert float(metric.result()) == pytest.approx(expected, rel=1e-5)
        metric.reset_state()
        assert float(metric.result()) == 0.0


def test_metrics_take_selections_thresholds_and_weights(ranked):
    labels, scores = ranked
    above = scores > 2.5
    expected = mmannot_tf.score(labels, selected=above).harmonic_f1
    selection, threshold = mmannot_tf.metrics.HarmonicF1(), mmannot_tf.metrics.HarmonicF1(threshold=2.5)
    selection.update_state(labels, above)
    threshold.update_state(labels, scores)
    assert float(selection.result()) == pytest.approx(expected, rel=1e-5)
    assert float(threshold.result()) == pytest.approx(expected, rel=1e-5)

    weighted = mmannot_tf.metrics.ClassF1()
    weighted.update_state(labels, above, sample_weight=np.arange(50) < 20)
    expected = mmannot_tf.score(labels[:20], selected=above[:20]).class_f1
    assert float(weighted.result()) == pytest.approx(expected, rel=1e-5)


def test_metrics_leave_out_what_is_unknown():
    """Given are sky and sea, then owl; sea is unknown: two of two known ones are right."""
    metric = mmannot_tf.metrics.ImageF1()
    metric.update_state([[1, -1, 0], [0, 0, 1]], np.array([[1, 1, 0], [0, 0, 1]], bool))
    assert metric.result() == 100.0


@pytest.mark.parametrize(
    ("options", "labels", "scores", "message"),
    [
        ({}, (4, 3), (4, 3), "else a selection"),
        ({"k": 1}, (4, 3), (4, 2), r"Received: \(4, 3\) and \(4, 2\)"),
        ({"k": 1}, (1, 3), (4, 3), r"Received: \(1, 3\) and \(4, 3\)"),
        ({"k": 1}, (3,), (4, 3), r"Received: \(3,\) and \(4, 3\)"),
        ({"k": 4}, (4, 3), (4, 3), "k must be at most the number of classes, 3"),
    ],
)
def test_metrics_refuse_what_they_cannot_count(options, labels, scores, message):
    metric = mmannot_tf.metrics.ImageF1(**options)
    with pytest.raises(ValueError, match=message):
        metric.update_state(np.ones(labels, np.float32), np.ones(scores, np.float32))


@pytest.mark.parametrize(
    "options",
    [
        *({"k": k} for k in (0, True, 1.5, 2.0)),
        *({"threshold": threshold} for threshold in (np.nan, np.inf)),
        {"k": 1, "threshold": 0.5},
    ],
)
def test_metrics_refuse_options(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        mmannot_tf.metrics.ImageF1(**options)


def test_a_metric_counts_the_same_classes_in_all_batches():
    metric = mmannot_tf.metrics.ImageF1(k=np.int64(1))
    metric.update_state(np.ones((6, 5)), np.ones((6, 5)))
    with pytest.raises(ValueError, match=r"same classes, 5 of them\. Received: 1"):
        metric.update_state(np.ones((6, 1)), np.ones((6, 1)))


def test_a_metric_counts_beyond_the_integers_of_float32():
    metric = mmannot_tf.metrics.ImagePrecision()
    metric.update_state([[1]], [[1]], sample_weight=[2.0**24])
    for _ in range(100):
        metric.update_state([[0]], [[1]])
    expected = 100 * 2**24 / (2**24 + 100)
    assert float(metric.result()) == pytest.approx(expected, abs=1e-5)
    assert expected < 99.9995


@pytest.mark.parametrize(
    ("labels", "values", "options"),
    [
        ([[1, 0]], [[np.nan, 0.5]], {"k": 1}),
        ([[1, 0]], [[np.nan, 0.5]], {"threshold": 0.2}),
        ([[1, 0]], [[2, 1]], {}),
        ([[0.9, 0.0]], [[0.3, 0.5]], {"k": 1}),
    ],
)
def test_a_metric_of_what_is_no_annotation_is_nan(labels, values, options):
    metric = mmannot_tf.metrics.HarmonicF1(**options)
    metric.update_state(labels, values)
    assert np.isnan(float(metric.result()))


def test_weights_are_one_an_image(ranked):
    labels, scores = ranked
    with pytest.raises(ValueError, match="one number an image, 50 of them"):
        mmannot_tf.metrics.ImageF1(k=1).update_state(labels, scores, sample_weight=np.ones(3))


@pytest.mark.parametrize("name", ["AsymmetricLoss", "SoftmaxCrossEntropy", "Warp", "SigmoidCrossEntropy"])
def test_losses_broadcast_nothing(name):
    loss = getattr(mmannot_tf.losses, name)()
    with pytest.raises(ValueError):
        loss.call(np.ones((1, 3), np.float32), np.ones((2, 3), np.float32))


# The network


def test_the_annotator_is_algorithm_2(outputs):
    assert {name: values.shape[1:] for name, values in outputs.items()} == {
        "logits": (LABELS,),
        "probabilities": (LABELS,),
        "predicted_quantity": (),
        "selected": (LABELS,),
        "order": (LABELS,),
    }
    logits = outputs["logits"]
    np.testing.assert_allclose(outputs["probabilities"], 1 / (1 + np.exp(-logits)), rtol=1e-5)
    np.testing.assert_array_equal(outputs["order"], np.argsort(-logits, axis=1, kind="stable"))
    count = np.clip(np.floor(outputs["predicted_quantity"] + 0.5), 1, LABELS).astype(int)
    for row, number in enumerate(count):
        chosen = set(outputs["order"][row, :number].tolist())
        assert set(np.flatnonzero(outputs["selected"][row]).tolist()) == chosen


def test_pixels_are_normalised_inside_as_the_weights_expect(annotator, examples, outputs):
    """Random weights take pixels from -1 to 1; the branches put together by hand give the same logits."""
    inputs, _ = examples
    maps = annotator.get_layer("backbone")(inputs["image"] / 127.5 - 1)
    visual = annotator.get_layer("fusion")(maps)
    textual = annotator.get_layer("tag_encoder")(inputs["tags"])
    joint = np.concatenate([visual, textual], axis=1)
    logits = annotator.get_layer("classifier")(joint)
    np.testing.assert_allclose(logits, outputs["logits"], rtol=1e-4, atol=1e-5)


def test_unknown_backbones_and_weights_of_others_are_refused():
    with pytest.raises(ValueError, match="resnet101"):
        mmannot_tf.build_annotator("resnet34")
    with pytest.raises(ValueError, match="weights must be None for a backbone of your own"):
        _small(weights="imagenet")
    with pytest.raises(mmannot_tf.UserError, match=r"no_such_file\.h5"):
        mmannot_tf.build_annotator("resnet50", weights="no_such_file.h5")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": 0}, "labels must be a whole number of at least 1. Received: labels=0"),
        ({"labels": "5"}, "labels must be a whole number"),
        ({"labels": True}, "labels must be a whole number"),
        ({"tags": 2.0}, "tags must be a whole number"),
        ({"image_size": (64, 64)}, "image_size must be a whole number of at least 32"),
        ({"least_quantity": 6}, "least_quantity must be a whole number from 0 to 5"),
        ({"tag_hidden": (8,)}, "tag_hidden must be 2 numbers of units"),
        ({"tag_hidden": (0, 8)}, "tag_hidden must be a whole number of at least 1"),
        ({"tag_hidden": 8}, "tag_hidden must be 2 numbers of units"),
        ({"quantity_hidden": 8}, "hidden must be a tuple of units"),
        ({"dropout": 1.0}, "dropout must be a number at least 0 and below 1"),
        ({"batch_norm_momentum": 1.5}, "batch_norm_momentum must be a number above 0 and below 1"),
        ({"batch_norm_momentum": None}, "batch_norm_momentum must be a number"),
        ({"epsilon": np.nan}, "epsilon must be a number above 0"),
        ({"mean_quantity": np.nan}, "mean_quantity must be finite"),
        ({"rounding": "even"}, "rounding must be one of"),
    ],
)
def test_sizes_that_cannot_be_are_named_one_by_one(options, message):
    with pytest.raises(ValueError, match=message):
        mmannot_tf.build_annotator("tiny", **{"labels": 5, "tags": 20, "image_size": 64, **options})


def test_sizes_may_be_numpys_integers():
    sizes = {"labels": np.int64(5), "tags": np.int32(20), "image_size": np.int16(32)}
    model = mmannot_tf.build_annotator("tiny", weights="random", tag_hidden=(8, 8), **sizes)
    assert model.output["selected"].shape == (None, 5)


@pytest.mark.parametrize("sizes", [{"blocks": (1, 1)}, {"blocks": (1, 1, 0, 1)}, {"width": 0}])
def test_an_architecture_has_four_groups(sizes):
    with pytest.raises(ValueError, match="four numbers of at least 1"):
        mmannot_tf.Architecture(**{"blocks": (1, 1, 1, 1), "width": 4, **sizes})


@pytest.mark.parametrize(
    "build",
    [
        lambda: mmannot_tf.build_tag_encoder(0),
        lambda: mmannot_tf.build_classifier(0, 5),
        lambda: mmannot_tf.build_classifier(8, 0),
        lambda: mmannot_tf.build_quantity_regressor(0),
    ],
)
def test_branches_of_no_size_are_refused(build):
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        build()


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "float64"])
def test_pixels_of_any_type_are_normalised_alike(dtype):
    layer = mmannot_tf.layers.ImageNormalization(mean=(10.0,) * 3, scale=(0.5,) * 3)
    found = layer(np.array([[[[0, 100, 250]]]], dtype))
    assert (found.dtype.name, found.numpy().ravel().tolist()) == ("float32", [-5.0, 45.0, 120.0])
    with pytest.raises(ValueError, match=r"must be \[B, H, W, 3\]"):
        layer(np.zeros((1, 2, 2, 1), "float32"))


def test_a_quantity_belongs_to_its_image():
    layer, logits = mmannot_tf.layers.QuantitySelection(), np.array([[3.0, 2, 1], [3, 2, 1]], "float32")
    expected = [[True, False, False], [True, True, False]]
    for quantity in ([1.0, 2.0], [[1.0], [2.0]]):
        assert layer(logits, keras.ops.array(quantity))[0].numpy().tolist() == expected
    for quantity in ([1.0], [[1.0, 2.0]], 1.0):
        with pytest.raises(ValueError, match="one number for each image"):
            layer(logits, keras.ops.array(quantity))
    for least in (-1, 1.5, True):
        with pytest.raises(ValueError, match="least_quantity must be a whole number"):
            mmannot_tf.layers.QuantitySelection(least_quantity=least)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda losses: losses.AsymmetricLoss(gamma_negative=np.nan), "finite and at least 0"),
        (lambda losses: losses.AsymmetricLoss(gamma_positive=np.inf), "finite and at least 0"),
        (lambda losses: losses.SummedLoss({}), "at least one"),
        (lambda losses: losses.SummedLoss({"labels": "mse"}), "must name the Keras loss"),
        (
            lambda losses: losses.QuantityError().call(np.ones((2, 2)), np.ones(4)),
            "y_true must be one number",
        ),
        (
            lambda losses: losses.QuantityError().call(np.ones(4), np.ones((2, 2))),
            "y_pred must be one number",
        ),
    ],
)
def test_losses_that_cannot_be_are_refused(build, message):
    with pytest.raises(ValueError, match=message):
        build(mmannot_tf.losses)


def test_the_summary_names_the_branches(annotator):
    lines: list[str] = []
    annotator.summary(print_fn=lines.append, line_length=120)
    for name in ("normalization", "backbone", "fusion", "tag_encoder", "classifier", "quantity", "selection"):
        assert name in "\n".join(lines)


def test_the_network_can_be_plotted(annotator):
    assert "tag_encoder" in keras.utils.model_to_dot(annotator).to_string()


def test_it_is_a_layer_of_another_model(annotator, examples, outputs):
    image = keras.Input((SIZE, SIZE, 3), name="image")
    tags = keras.Input((None,), dtype="int32", name="tags")
    best = annotator({"image": image, "tags": tags})["order"][:, 0]
    outer = keras.Model({"image": image, "tags": tags}, best)
    np.testing.assert_array_equal(outer(examples[0]), outputs["order"][:, 0])


def test_the_pieces_have_the_papers_names(examples):
    backbone = mmannot_tf.build_backbone(mmannot_tf.ARCHITECTURES["tiny"], image_size=SIZE)
    shapes = mmannot_tf.map_shapes(backbone)
    ms_cnn = mmannot_tf.build_ms_cnn(backbone, mmannot_tf.build_fusion(shapes))
    assert len(shapes) == 5
    assert ms_cnn(examples[0]["image"]).shape == (IMAGES, shapes[-1][-1])
    assert mmannot_tf.build_pooling(shapes)(backbone(examples[0]["image"])).shape == (IMAGES, shapes[-1][-1])
    assert mmannot_tf.build_tag_encoder(TAGS, hidden=(6, 4))(examples[0]["tags"]).shape == (IMAGES, 4)
    assert mmannot_tf.build_classifier(4, LABELS).output_shape == (None, LABELS)
    assert mmannot_tf.build_quantity_regressor(4).output_shape == (None,)


def test_any_network_with_taps_is_a_backbone_with_its_own_preprocessing(examples):
    def build(image, norm):
        fine = keras.layers.Conv2D(4, 3, strides=4, activation="relu", name="fine")(image)
        return keras.layers.Conv2D(8, 3, strides=4, activation="relu", name="coarse")(norm.layer("bn")(fine))

    preprocessing = mmannot_tf.Preprocessing("BGR", mean=(1.0, 2.0, 3.0), scale=(0.5, 0.5, 0.25))
    backbone = mmannot_tf.Backbone(build, taps=("fine", "coarse"), preprocessing=preprocessing)
    model = mmannot_tf.build_annotator(
        backbone, labels=LABELS, tags=TAGS, image_size=SIZE, tag_hidden=(8, 8), quantity_hidden=(8, 8)
    )
    assert model(examples[0])["logits"].shape == (IMAGES, LABELS)
    pixels = examples[0]["image"][:1]
    expected = (pixels[..., ::-1] - np.float32([1, 2, 3])) * np.float32([0.5, 0.5, 0.25])
    np.testing.assert_array_equal(model.get_layer("normalization")(pixels), expected)


# Training


@pytest.fixture(scope="module")
def trained(examples, tmp_path_factory):
    """A compiled annotator after two epochs, its history, and where it is saved."""
    inputs, targets = examples
    keras.utils.set_random_seed(1)
    model = _small()
    before = [weights.copy() for weights in model.get_layer("backbone").get_weights()]
    model.compile(
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9),
        loss={
            "logits": mmannot_tf.losses.SigmoidCrossEntropy(),
            "predicted_quantity": mmannot_tf.losses.QuantityError(),
        },
        metrics={"selected": [mmannot_tf.metrics.ImageF1(), mmannot_tf.metrics.ClassF1()]},
    )
    batches = tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(4)
    history = model.fit(batches, epochs=2, shuffle=False, validation_data=batches, verbose=0).history
    file = tmp_path_factory.mktemp("saved") / "annotator.keras"
    model.save(file)
    return model, before, history, file


@pytest.mark.exhaustive
def test_fit_trains_the_backbone_and_shows_the_metrics(trained, examples):
    model, before, history, _ = trained
    inputs, targets = examples
    after = model.get_layer("backbone").get_weights()
    assert any((old != new).any() for old, new in zip(before, after, strict=True))
    selected = model.predict(inputs, verbose=0)["selected"]
    expected = mmannot_tf.score(targets["logits"], selected=selected)
    assert history["val_selected_image_f1"][-1] == pytest.approx(expected.image_f1, rel=1e-5)
    assert history["val_selected_class_f1"][-1] == pytest.approx(expected.class_f1, rel=1e-5)


@pytest.mark.slow
def test_an_image_can_have_a_weight(trained, examples):
    model, _, _, _ = trained
    inputs, targets = examples
    weights = (np.arange(IMAGES) < 5).astype(np.float32)
    first = {name: values[:5] for name, values in inputs.items()}
    found = model.evaluate(inputs, targets, sample_weight=weights, verbose=0, return_dict=True)
    expected = model.evaluate(
        first, {name: values[:5] for name, values in targets.items()}, verbose=0, return_dict=True
    )
    assert found["logits_loss"] == pytest.approx(expected["logits_loss"] * 5 / IMAGES, rel=1e-4)
    assert found["selected_image_f1"] > 0  # metrics count every image, as Keras' `metrics` do


@pytest.mark.slow
def test_a_metric_without_a_target_is_refused(examples):
    inputs, targets = examples
    model = _small()
    model.compile(loss={"predicted_quantity": "mse"}, metrics={"selected": [mmannot_tf.metrics.ImageF1()]})
    with pytest.raises(ValueError, match="no target for its output"):
        model.evaluate(inputs, {"predicted_quantity": targets["predicted_quantity"]}, verbose=0)


@pytest.mark.slow
def test_wrong_targets_are_named(examples):
    inputs, targets = examples
    model = _small()
    losses = {"logits": mmannot_tf.losses.SigmoidCrossEntropy()}

    def evaluate(targets, loss=losses):
        metrics = {"selected": [mmannot_tf.metrics.ImageF1()]}
        model.compile(loss=loss, metrics=metrics, run_eagerly=True)  # each loss would be traced
        return model.evaluate(inputs, targets, verbose=0, return_dict=True)

    with pytest.raises(ValueError, match=r"targets must be a dict by output.*Received: tuple"):
        evaluate([targets["logits"], targets["predicted_quantity"]])
    with pytest.raises(ValueError, match=r"targets must be a dict by output"):
        evaluate(targets["logits"])
    with pytest.raises(ValueError, match=r"loss of compile must be a dict.*Received: str"):
        evaluate(targets, "binary_crossentropy")
    with pytest.raises(ValueError, match=r"loss of compile must name outputs.*Received: 'logit'"):
        evaluate(targets, {"logit": "mse"})
    with pytest.raises(ValueError, match=r"targets must name outputs.*Received: 'label'"):
        evaluate({"label": targets["logits"]})
    with pytest.raises(ValueError, match=r"Each loss needs a target\. Received: none for predicted_quantity"):
        evaluate({"logits": targets["logits"]}, {**losses, "predicted_quantity": "mse"})
    alone = evaluate({"logits": targets["logits"]})
    assert evaluate(targets) == pytest.approx(alone, rel=1e-6)  # a target without a loss


@pytest.mark.exhaustive
def test_threads_that_import_at_once_do_not_wait_for_each_other():
    code = """
        import threading
        import mmannot_tf
        names = ["losses", "build_annotator", "metrics", "layers", "score", "build_fusion"]
        threads = [threading.Thread(target=getattr, args=(mmannot_tf, name)) for name in names]
        threads.append(threading.Thread(target=__import__, args=("keras",)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        import keras
        print(keras.saving.get_registered_object("mmannot_tf>Annotator") is mmannot_tf.Annotator)
    """
    assert _fresh(code) == "True"


@pytest.mark.slow
def test_the_losses_are_equations_4_and_5(trained, examples):
    model, _, history, _ = trained
    inputs, targets = examples
    found = model.predict(inputs, verbose=0)
    y, p = targets["logits"], found["probabilities"].astype(np.float64)
    labels = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1).mean()
    quantity = np.mean((found["predicted_quantity"] - targets["predicted_quantity"]) ** 2)
    assert history["val_logits_loss"][-1] == pytest.approx(labels, rel=1e-4)
    assert history["val_predicted_quantity_loss"][-1] == pytest.approx(quantity, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("imports", ["import keras, mmannot_tf", *exhaustive(["import mmannot_tf, keras"])])
def test_a_keras_file_loads_in_a_fresh_process_and_trains_on(trained, examples, tmp_path, imports):
    model, _, _, file = trained
    inputs, targets = examples
    expected = model.predict(inputs, verbose=0)
    np.savez(
        tmp_path / "examples.npz", **inputs, logits=targets["logits"], quantity=targets["predicted_quantity"]
    )
    np.savez(tmp_path / "expected.npz", **expected)
    code = f"""
        {imports}
        import numpy as np
        model = keras.models.load_model({str(file)!r})
        data = np.load({str(tmp_path / "examples.npz")!r})
        expected = np.load({str(tmp_path / "expected.npz")!r})
        inputs = {{"image": data["image"], "tags": data["tags"]}}
        outputs = model.predict(inputs, verbose=0)
        print(all(np.array_equal(outputs[name], expected[name]) for name in outputs))
        targets = {{"logits": data["logits"], "predicted_quantity": data["quantity"]}}
        print(sorted(model.evaluate(inputs, targets, verbose=0, return_dict=True)))
    """
    same, names = _fresh(code).splitlines()[-2:]
    assert same == "True"
    assert "selected_class_f1" in names


@pytest.mark.exhaustive
def test_the_forward_pass_runs_under_another_keras_backend(trained, examples, tmp_path):
    pytest.importorskip("torch", reason="needs PyTorch: make torch")
    model, _, _, file = trained
    inputs, _ = examples
    np.savez(tmp_path / "inputs.npz", **inputs)
    code = f"""
        import os
        os.environ["KERAS_BACKEND"] = "torch"
        import mmannot_tf, keras
        import numpy as np
        inputs = dict(np.load({str(tmp_path / "inputs.npz")!r}))
        outputs = keras.models.load_model({str(file)!r}).predict(inputs, verbose=0)
        np.savez({str(tmp_path / "outputs.npz")!r}, **outputs)
        print(keras.backend.backend())
    """
    assert _fresh(code).splitlines()[-1] == "torch"
    found = np.load(tmp_path / "outputs.npz")
    for name, expected in model.predict(inputs, verbose=0).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.exhaustive
def test_the_fine_tuned_backbone_is_a_model_of_its_own(trained, tmp_path):
    model, _, _, _ = trained
    backbone = model.get_layer("backbone")
    backbone.save(tmp_path / "backbone.keras")
    loaded = keras.models.load_model(tmp_path / "backbone.keras")
    for ours, theirs in zip(backbone.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def _registered() -> list[type]:
    names = (mmannot_tf.layers, mmannot_tf.losses, mmannot_tf.metrics)
    return [getattr(module, name) for module in names for name in module.__all__]


@pytest.mark.parametrize("cls", _registered(), ids=lambda cls: cls.__name__)
def test_every_class_is_registered_with_keras_under_the_packages_name(cls):
    assert keras.saving.get_registered_name(cls) == f"mmannot_tf>{cls.__name__}"


# Runs, exports, records


def test_records_open_and_are_a_tfds_data_set(tiny_records):
    import tensorflow_datasets as tfds

    records = mmannot_tf.open_records(str(tiny_records.path))
    assert isinstance(records, mmannot_tf.Records)
    assert sum(records.splits.values()) == 140
    examples = tfds.builder_from_directory(records.path).as_dataset(split="test")
    by_name = tfds.load("synthetic/default", data_dir=records.path.parents[2], split="test")
    assert len(examples) == len(by_name) == records.splits["test"]


@pytest.fixture(scope="module", params=["run", "export"])
def loaded(request, tiny_run, exported):
    return mmannot_tf.load(str(tiny_run.path) if request.param == "run" else exported.parent)


def test_a_run_and_an_export_annotate_alike(loaded, tiny_run, scenes):
    files, tags = list(scenes)[:5], list(scenes.values())[:5]
    other = mmannot_tf.load(tiny_run.path)
    annotations = loaded.annotate(files, tags, batch_size=2)
    outputs = loaded.predict([file.read_bytes() for file in files], [text.split(",") for text in tags])
    assert (loaded.labels, loaded.tags, loaded.image_size) == (other.labels, other.tags, other.image_size)
    for row, (annotation, file) in enumerate(zip(annotations, files, strict=True)):
        best = outputs["order"][row][: int(outputs["selected"][row].sum())]
        assert [label for label, _ in annotation.labels] == [loaded.labels[index] for index in best]
        assert annotation.image == str(file)
    features = loaded.features(files, tags, batch_size=3)
    np.testing.assert_array_equal(features["f"], np.concatenate([features["f_v"], features["f_t"]], axis=1))
    np.testing.assert_allclose(features["f"], other.features(files, tags)["f"], rtol=1e-4, atol=1e-5)


def test_an_image_that_cannot_be_read_is_raised_or_reported(loaded, scenes):
    good, bad = sorted(scenes)[0], b"no photograph"
    with pytest.raises(mmannot_tf.UserError, match=r"readable photograph\. Received: image 1: "):
        loaded.annotate([good, bad])
    first, second, third = loaded.annotate([good, bad, good], "sky", batch_size=2, on_error="report")
    assert first == third == loaded.annotate([good], "sky")[0]
    assert isinstance(second, mmannot_tf.Unreadable)
    assert (second.image, second.tags) == ("image 1", "sky")
    assert second.error.startswith("not JPEG")
    assert [result.image for result in loaded.annotate([bad], on_error="report")] == ["image 0"]
    with pytest.raises(ValueError, match='on_error must be "raise" or "report"'):
        loaded.annotate([good], on_error="skip")


def test_pixels_and_files_give_the_same(loaded, scenes):
    from PIL import Image

    file = next(iter(scenes))
    pixels = tf.io.decode_jpeg(file.read_bytes(), channels=3, dct_method="INTEGER_ACCURATE").numpy()
    assert np.asarray(Image.open(file)).shape == pixels.shape
    expected, found = loaded.predict([file]), loaded.predict([pixels])
    assert loaded.annotate(iter([file])) == loaded.annotate([str(file)])
    assert loaded.annotate([Image.fromarray(pixels)])[0].labels == loaded.annotate([pixels])[0].labels
    np.testing.assert_array_equal(expected["probabilities"], found["probabilities"])


def test_the_branches_of_a_run_are_keras_models(tiny_run, exported):
    branches = mmannot_tf.load(tiny_run.path).branches
    assert set(branches) == {"backbone", "fusion", "tag_encoder", "classifier", "quantity"}
    assert all(isinstance(branch, keras.Model) for branch in branches.values())
    with pytest.raises(mmannot_tf.UserError, match="Load the run"):
        _ = mmannot_tf.load(exported).branches


def test_wrong_images_and_tags_are_named(loaded, tmp_path):
    file = tmp_path / "broken.jpg"
    file.write_bytes(b"no image")
    with pytest.raises(mmannot_tf.UserError, match=r"broken\.jpg"):
        loaded.annotate([tmp_path / "broken.jpg"])
    with pytest.raises(mmannot_tf.UserError, match=r"gone\.jpg"):
        loaded.annotate([str(tmp_path / "gone.jpg")])
    with pytest.raises(mmannot_tf.UserError, match="uint8"):
        loaded.annotate([np.zeros((4, 4, 3), np.float32)])
    with pytest.raises(ValueError, match="an entry for each of 1 images"):
        loaded.annotate([np.zeros((4, 4, 3), np.uint8)], ["a", "b"])
    with pytest.raises(ValueError, match="at least one image"):
        loaded.predict([])
    for image in (file, str(file), file.read_bytes(), np.zeros((4, 4, 3), np.uint8)):
        with pytest.raises(ValueError, match="must be a list"):
            loaded.annotate(image)
    pixels = [np.zeros((4, 4, 3), np.uint8)]
    for tags in ([None], [[1]], [b"a"]):
        with pytest.raises(ValueError, match="a text or a list of texts"):
            loaded.annotate(pixels, tags)
    for tags in (None, 5, b"a", {"a"}, {"a": "b"}):
        with pytest.raises(ValueError, match="tags must be one text, or a list"):
            loaded.annotate(pixels, tags)
    for size in (0, 1.5, "2", None):
        with pytest.raises(ValueError, match="batch_size must be a whole number"):
            loaded.annotate(pixels, batch_size=size)
    for images in (None, 5):
        with pytest.raises(ValueError, match="images must be a list"):
            loaded.annotate(images)


def test_only_folders_of_runs_and_exports_are_loaded(tmp_path):
    with pytest.raises(mmannot_tf.UserError, match="does not exist"):
        mmannot_tf.load(tmp_path / "nowhere")
    (tmp_path / "a.keras").touch()
    with pytest.raises(mmannot_tf.UserError, match=r"a file\. .*keras\.models\.load_model"):
        mmannot_tf.load(tmp_path / "a.keras")
    for path in (None, 5, b"/tmp", ""):
        with pytest.raises(mmannot_tf.UserError, match="path must be the folder of a run"):
            mmannot_tf.load(path)
        with pytest.raises(mmannot_tf.UserError, match="path must be the folder of records"):
            mmannot_tf.open_records(path)


# Documentation


@pytest.mark.slow
@pytest.mark.parametrize("name", ["api", "keys"])
def test_a_made_page_is_what_the_docstrings_say(name):
    page = subprocess.run(
        [sys.executable, ROOT / "docs" / f"{name}.py"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    ).stdout
    assert page == (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8"), "run `make docs`"


def test_the_page_of_keys_describes_every_key():
    page = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert [row[0] for row in rows if not row[3].strip(" |")] == []


def test_the_api_page_has_every_public_name():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert [name for name in mmannot_tf.__all__ if f"mmannot_tf.{name}" not in page] == ["__version__"]


@pytest.mark.exhaustive
def test_the_tutorial_runs(tmp_path):
    """All code cells in one fresh process, as a notebook runs them."""
    cells = json.loads((ROOT / "docs" / "tutorial.ipynb").read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    (tmp_path / "tutorial.py").write_text(code, encoding="utf-8")
    environment = {**os.environ, "MPLBACKEND": "agg", "TMPDIR": str(tmp_path)}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        [sys.executable, "tutorial.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    decided, three = (float(score) for score in re.findall(r"I-F1 ([\d.]+)", done.stdout))
    assert decided > three > 50  # the regressor's number of labels is worth more than three for each
