"""Tags that are hidden at random while training, as a layer."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="mmannot_tf")
class TagDropout(keras.layers.Layer):
    """Replaces tags by -1, each with the probability `rate`, while training; at inference nothing changes.

    An encoder that sees only a part of an image's tags cannot rely on a single one. The other tags count as
    before: their effect does not grow by 1 / (1 - rate) as in `keras.layers.Dropout`.

    Args:
        rate: from 0 to below 1.
        **options: of `keras.layers.Layer`.

    Example:
        >>> layer = TagDropout(0.5)
        >>> layer(ops.array([[3, 17, -1]]), training=False).numpy()
        array([[ 3, 17, -1]], dtype=int32)
    """

    def __init__(self, rate: float, **options: object) -> None:
        super().__init__(**options)
        self.rate = rate
        self._dropout = keras.layers.Dropout(rate, dtype="float32")

    def call(self, lists: object, training: bool = False) -> object:
        """Returns the lists, `[B, L] int32`, with -1 where there is no tag or it is hidden."""
        kept = self._dropout(ops.ones_like(lists, dtype="float32"), training=training)
        return ops.where(kept > 0, lists, -1)

    def get_config(self) -> dict[str, object]:
        """The arguments that make an equal layer."""
        return {**super().get_config(), "rate": self.rate}
