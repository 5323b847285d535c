"""The test process (Algorithm 2), assembled from trained branches."""

from collections.abc import Mapping

import keras

from mmannot_tf.layers.quantity_selection import QuantitySelection

BRANCHES = ("backbone", "fusion", "tag_encoder", "classifier", "quantity")
"""What `build_annotator` needs; its steps: f_v, f_t, f = [f_v, f_t], p, m̂, the top m̂ labels."""


def build_annotator(
    branches: Mapping[str, keras.Model], *, least_quantity: int = 1, rounding: str = "nearest"
) -> keras.Model:
    """Assembles the branches; nothing is copied, they stay shared with the caller.

    Args:
        branches: models under the names in `BRANCHES`.
        least_quantity: the smallest number of labels given to an image.
        rounding: of the predicted quantity, a key of `layers.quantity_selection.ROUNDINGS`.

    Returns:
        A model from `{"image": [B, S, S, 3] float32, normalised; "tag_vector": [B, T] float32, multi-hot}`
        to `{"probabilities": [B, C] float32; "predicted_quantity": m̂, [B] float32, neither rounded nor
        clipped; "selected": [B, C] bool; "order": [B, C] int32, label indices best first}`.

    Raises:
        ValueError: a branch is missing.
    """
    missing = [name for name in BRANCHES if name not in branches]
    if missing:
        raise ValueError(f"branches must hold {', '.join(BRANCHES)}. Missing: {', '.join(missing)}")
    image = keras.Input(branches["backbone"].input_shape[1:], name="image")
    tags = keras.Input(branches["tag_encoder"].input_shape[1:], name="tag_vector")
    visual = branches["fusion"](branches["backbone"](image))
    textual = branches["tag_encoder"](tags)
    joint = keras.layers.Concatenate(name="joint")([visual, textual])
    logits = branches["classifier"](joint)
    quantity = branches["quantity"](joint)
    selection = QuantitySelection(
        least_quantity=least_quantity, rounding=rounding, dtype="float32", name="selection"
    )
    selected, order = selection(logits, quantity)
    outputs = {
        "probabilities": keras.layers.Activation("sigmoid", dtype="float32", name="sigmoid")(logits),
        "predicted_quantity": quantity,
        "selected": selected,
        "order": order,
    }
    return keras.Model({"image": image, "tag_vector": tags}, outputs, name="annotator")


def with_features(annotator: keras.Model) -> keras.Model:
    """The annotator with its features among the outputs; nothing is copied.

    Args:
        annotator: from `build_annotator`.

    Returns:
        The same inputs; its outputs and `f_v` [B, D_v], `f_t` [B, D_t] and f = [f_v, f_t] [B, D_v + D_t], all
        float32.
    """
    joint = annotator.get_layer("joint")
    visual, textual = joint.input
    features = {"f_v": visual, "f_t": textual, "f": joint.output}
    return keras.Model(annotator.input, {**annotator.output, **features}, name="annotator_with_features")
