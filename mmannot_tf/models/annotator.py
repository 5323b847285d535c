"""The functional model of the whole network, which trains on targets for some of its outputs."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="mmannot_tf")
class Annotator(keras.Model):
    """A functional model with outputs that need no target of their own.

    Keras' metrics ask for a target for each output. Here the multi-hot labels given for "logits" also stand
    for "probabilities" and "selected", and outputs without a target are ignored. So

        model.compile(loss={"logits": …, "predicted_quantity": …}, metrics={"selected": [ImageF1()]})

    trains on the targets `{"logits": labels, "predicted_quantity": number of labels}`.
    """

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, object]:
        """Updates the compiled metrics; arguments and result as in `keras.Model.compute_metrics`."""
        if isinstance(y, dict) and isinstance(y_pred, dict):
            labels = {name: y["logits"] for name in ("probabilities", "selected") if "logits" in y}
            y = {**y_pred, **labels, **y}
        return super().compute_metrics(x, y, y_pred, sample_weight)
