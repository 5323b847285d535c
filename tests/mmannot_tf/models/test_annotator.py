import keras
import numpy as np
import pytest

from mmannot_tf.models.annotator import build_annotator


def test_runs_algorithm_2(tiny_branches, tiny_inputs):
    outputs = build_annotator(tiny_branches)(tiny_inputs)
    visual = tiny_branches["fusion"](tiny_branches["backbone"](tiny_inputs["image"])).numpy()
    textual = tiny_branches["tag_encoder"](tiny_inputs["tags"]).numpy()
    joint = np.concatenate([visual, textual], axis=1)
    logits = tiny_branches["classifier"](joint).numpy()
    quantity = tiny_branches["quantity"](joint).numpy()
    np.testing.assert_allclose(outputs["probabilities"], 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_allclose(outputs["predicted_quantity"], quantity, atol=1e-5)
    order = np.argsort(-logits, axis=1, kind="stable")
    assert outputs["order"].numpy().tolist() == order.tolist()
    for selected, best, count in zip(outputs["selected"].numpy(), order, quantity, strict=True):
        expected = best[: int(np.clip(np.floor(count + 0.5), 1, 5))]
        assert set(np.flatnonzero(selected)) == set(expected)


def test_outputs_have_the_promised_types(tiny_branches, tiny_inputs):
    outputs = build_annotator(tiny_branches)(tiny_inputs)
    assert {name: (value.shape.as_list(), value.dtype.name) for name, value in outputs.items()} == {
        "probabilities": ([3, 5], "float32"),
        "predicted_quantity": ([3], "float32"),
        "selected": ([3, 5], "bool"),
        "order": ([3, 5], "int32"),
    }


@pytest.mark.parametrize(("options", "count"), [({}, 2), ({"rounding": "up"}, 3), ({"rounding": "down"}, 2)])
def test_rounding_is_the_callers(tiny_branches, tiny_inputs, options, count):
    for variable in tiny_branches["quantity"].trainable_variables:
        variable.assign(np.zeros(variable.shape))
    tiny_branches["quantity"].get_layer("unit").bias.assign([2.25])
    selected = build_annotator(tiny_branches, **options)(tiny_inputs)["selected"]
    assert selected.numpy().sum(axis=1).tolist() == [count] * 3


@pytest.mark.parametrize(("least", "count"), [(1, 1), (0, 0)])
def test_least_quantity_is_the_callers(tiny_branches, tiny_inputs, least, count):
    for variable in tiny_branches["quantity"].trainable_variables:
        variable.assign(np.zeros(variable.shape))
    selected = build_annotator(tiny_branches, least_quantity=least)(tiny_inputs)["selected"]
    assert selected.numpy().sum(axis=1).tolist() == [count] * 3


def test_branches_stay_shared(tiny_branches):
    annotator = build_annotator(tiny_branches)
    ours = {id(variable) for branch in tiny_branches.values() for variable in branch.variables}
    assert {id(variable) for variable in annotator.variables} == ours


def test_survives_a_keras_file(tiny_branches, tiny_inputs, tmp_path):
    annotator = build_annotator(tiny_branches, rounding="up")
    annotator.save(tmp_path / "annotator.keras")
    again = keras.saving.load_model(tmp_path / "annotator.keras")
    for name, expected in annotator(tiny_inputs).items():
        np.testing.assert_allclose(again(tiny_inputs)[name], expected, atol=1e-6)


def test_a_missing_branch_is_named(tiny_branches):
    del tiny_branches["quantity"]
    with pytest.raises(ValueError, match="Missing: quantity"):
        build_annotator(tiny_branches)
