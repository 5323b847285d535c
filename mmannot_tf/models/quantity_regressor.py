"""The label quantity regressor (Sec. III-C): how many labels an image has."""

import keras

from mmannot_tf.layers.arguments import fraction, units, whole_number
from mmannot_tf.layers.feature_standardization import FeatureStandardization


def build_quantity_regressor(
    feature_size: int,
    *,
    hidden: tuple[int, int] = (512, 256),
    dropout: float = 0.5,
    bias: float = 0.0,
    standardized: bool = False,
    name: str = "quantity",
) -> keras.Model:
    """A branch from features to the predicted quantity m̂: hidden ReLU layers with dropout, one linear unit.

    Kernels start Glorot uniform, the hidden layers' biases at zero.

    Args:
        feature_size: D, of f_v or the joint feature.
        hidden: units of the hidden layers (Sec. III-C: 512 and 256).
        dropout: rate after each hidden layer's ReLU (Sec. III-C: 0.5).
        bias: initial value of the last unit's bias; the training set's mean quantity saves steps (ours).
        standardized: as for `build_classifier` (ours).
        name: of the branch.

    Returns:
        A model from `[B, D] float32` to m̂, `[B] float32`, in labels, neither rounded nor clipped.

    Raises:
        ValueError: a size is no whole number of at least 1, or the dropout is not from 0 to below 1.

    Example:
        >>> mmannot_tf.build_quantity_regressor(256, bias=2.4, name="quantity").output_shape
        (None,)
    """
    features = keras.Input((whole_number("feature_size", feature_size, least=1),), name="features")
    dropout = fraction("dropout", dropout, zero=True)
    x = FeatureStandardization(name="standardization")(features) if standardized else features
    for number, size in enumerate(units("hidden", hidden), start=1):
        x = keras.layers.Dense(
            size, activation="relu", kernel_initializer="glorot_uniform", name=f"hidden_{number}"
        )(x)
        x = keras.layers.Dropout(dropout, name=f"dropout_{number}")(x)
    x = keras.layers.Dense(
        1,
        kernel_initializer="glorot_uniform",
        bias_initializer=keras.initializers.Constant(bias),
        dtype="float32",
        name="unit",
    )(x)
    return keras.Model(features, keras.layers.Reshape((), dtype="float32", name="scalar")(x), name=name)
