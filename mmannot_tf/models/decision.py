"""The last steps of the test process (Algorithm 2): from f to p, m̂ and the top m̂ labels."""

import keras

from mmannot_tf.layers.quantity_selection import QuantitySelection


def build_decision(
    classifier: keras.Model, quantity: keras.Model, *, least_quantity: int = 1, rounding: str = "nearest"
) -> keras.Model:
    """Joins the two heads and selects labels; the layers stay shared with the caller.

    Args:
        classifier: the branch from f to logits.
        quantity: the branch from f to m̂.
        least_quantity: the smallest number of labels given to an image.
        rounding: of the predicted quantity, a key of `layers.quantity_selection.ROUNDINGS`.

    Returns:
        A model from f, `[B, D] float32`, to

        - "probabilities": `[B, C] float32`;
        - "predicted_quantity": m̂, `[B] float32`, neither rounded nor clipped;
        - "selected": whether each label is given, `[B, C] bool`;
        - "order": label indices, best first, `[B, C] int32`.

    Raises:
        ValueError: `rounding` is unknown.

    Example:
        >>> quantity = mmannot_tf.build_quantity_regressor(6, name="quantity")
        >>> decision = build_decision(mmannot_tf.build_classifier(6, 5, name="classifier"), quantity)
        >>> decision.output["selected"].shape
        (None, 5)
    """
    joint = keras.Input(classifier.input_shape[1:], name="f")
    logits, predicted = classifier(joint), quantity(joint)
    selection = QuantitySelection(
        least_quantity=least_quantity, rounding=rounding, dtype="float32", name="selection"
    )
    selected, order = selection(logits, predicted)
    outputs = {
        "probabilities": keras.layers.Activation("sigmoid", dtype="float32", name="sigmoid")(logits),
        "predicted_quantity": predicted,
        "selected": selected,
        "order": order,
    }
    return keras.Model(joint, outputs, name="decision")
