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
        A model from `{"image": [B, S, S, 3] float32, normalised; "tags": [B, L] int32, lists as the tag
        encoder reads them}` to what `build_decision` gives.

    Raises:
        ValueError: a branch is missing.
    """
    missing = [name for name in BRANCHES if name not in branches]
    if missing:
        raise ValueError(f"branches must hold {', '.join(BRANCHES)}. Missing: {', '.join(missing)}")
    image = keras.Input(branches["backbone"].input_shape[1:], name="image")
    tags = keras.Input(branches["tag_encoder"].input_shape[1:], dtype="int32", name="tags")
    features = branches["fusion"](branches["backbone"](image)), branches["tag_encoder"](tags)
    decision = build_decision(branches, least_quantity=least_quantity, rounding=rounding)
    return keras.Model({"image": image, "tags": tags}, decision(features), name="annotator")


def build_decision(
    branches: Mapping[str, keras.Model], *, least_quantity: int = 1, rounding: str = "nearest"
) -> keras.Model:
    """The steps behind the two features; arguments as of `build_annotator`.

    Returns:
        A model from `[f_v, [B, D_v] float32; f_t, [B, D_t] float32]` to `{"probabilities": [B, C] float32;
        "predicted_quantity": m̂, [B] float32, neither rounded nor clipped; "selected": [B, C] bool; "order":
        [B, C] int32, label indices, best first}`.
    """
    visual = keras.Input(branches["fusion"].output_shape[1:], name="f_v")
    textual = keras.Input(branches["tag_encoder"].output_shape[1:], name="f_t")
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
    return keras.Model([visual, textual], outputs, name="decision")
