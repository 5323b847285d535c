"""The functional model of the whole network, which trains on targets for some of its outputs."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="mmannot_tf")
class Annotator(keras.Model):
    """A functional model with outputs that need no target of their own.

    Keras' metrics ask for a target for each output. Here the multi-hot labels given for "logits" also stand
    for "probabilities" and "selected", and other outputs may lack a target. So

        model.compile(loss={"logits": …, "predicted_quantity": …}, metrics={"selected": [ImageF1()]})

    trains on the targets `{"logits": labels, "predicted_quantity": number of labels}`. A model that wraps
    this one is an ordinary Keras model: it needs a target for each of its outputs.
    """

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Updates the compiled metrics; arguments and result as in `keras.Model.compute_metrics`."""
        if isinstance(y, dict) and isinstance(y_pred, dict):
            y = _for_every_output(y, y_pred)
            if isinstance(sample_weight, dict):
                sample_weight = _for_every_output(sample_weight, y_pred)
        return super().compute_metrics(x, y, y_pred, sample_weight)


def _for_every_output(values: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """Values by output, those of the logits also for what follows from them; None where there are none."""
    logits = values.get("logits")
    labels = {"probabilities": logits, "selected": logits}
    return {name: values.get(name, labels.get(name)) for name in outputs}
