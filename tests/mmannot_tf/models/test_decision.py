import keras
import numpy as np
import pytest

from mmannot_tf.models.classifier import build_classifier
from mmannot_tf.models.decision import build_decision
from mmannot_tf.models.quantity_regressor import build_quantity_regressor

WIDTH, LABELS = 12, 5
FEATURES = np.random.default_rng(0).normal(size=(3, WIDTH)).astype(np.float32)


@pytest.fixture
def heads():
    keras.utils.set_random_seed(0)
    regressor = build_quantity_regressor(WIDTH, hidden=(8, 4), bias=2.0, name="quantity")
    return build_classifier(WIDTH, LABELS, name="classifier"), regressor


def _always(quantity, value):
    """A regressor that says the same of every image."""
    for variable in quantity.trainable_variables:
        variable.assign(np.zeros(variable.shape))
    quantity.get_layer("unit").bias.assign([value])


def test_runs_the_end_of_algorithm_2(heads):
    classifier, regressor = heads
    outputs = build_decision(*heads)(FEATURES)
    logits, quantity = classifier(FEATURES).numpy(), regressor(FEATURES).numpy()
    np.testing.assert_allclose(outputs["probabilities"], 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_allclose(outputs["predicted_quantity"], quantity, atol=1e-5)
    order = np.argsort(-logits, axis=1, kind="stable")
    assert outputs["order"].numpy().tolist() == order.tolist()
    for selected, best, count in zip(outputs["selected"].numpy(), order, quantity, strict=True):
        expected = best[: int(np.clip(np.floor(count + 0.5), 1, LABELS))]
        assert set(np.flatnonzero(selected)) == set(expected)


def test_outputs_have_the_promised_types(heads):
    outputs = build_decision(*heads)(FEATURES)
    assert {name: (value.shape.as_list(), value.dtype.name) for name, value in outputs.items()} == {
        "probabilities": ([3, LABELS], "float32"),
        "predicted_quantity": ([3], "float32"),
        "selected": ([3, LABELS], "bool"),
        "order": ([3, LABELS], "int32"),
    }


@pytest.mark.parametrize(("options", "count"), [({}, 2), ({"rounding": "up"}, 3), ({"rounding": "down"}, 2)])
def test_rounding_is_the_callers(heads, options, count):
    _always(heads[1], 2.25)
    selected = build_decision(*heads, **options)(FEATURES)["selected"]
    assert selected.numpy().sum(axis=1).tolist() == [count] * 3


@pytest.mark.parametrize(("least", "count"), [(1, 1), (0, 0)])
def test_least_quantity_is_the_callers(heads, least, count):
    _always(heads[1], 0.0)
    selected = build_decision(*heads, least_quantity=least)(FEATURES)["selected"]
    assert selected.numpy().sum(axis=1).tolist() == [count] * 3


def test_heads_stay_shared(heads):
    ours = {id(variable) for head in heads for variable in head.variables}
    assert {id(variable) for variable in build_decision(*heads).variables} == ours


def test_survives_a_keras_file(heads, tmp_path):
    decision = build_decision(*heads, rounding="up")
    decision.save(tmp_path / "decision.keras")
    again = keras.saving.load_model(tmp_path / "decision.keras")
    for name, expected in decision(FEATURES).items():
        np.testing.assert_allclose(again(FEATURES)[name], expected, atol=1e-6)
