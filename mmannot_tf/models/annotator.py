"""The functional model of the whole network, which trains on targets for some of its outputs."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="mmannot_tf")
class Annotator(keras.Model):
    """A functional model with outputs that need no target of their own.

    Keras' metrics ask for a target for each output. Here the multi-hot labels given for "logits" also stand
    for "probabilities" and "selected", and other outputs may lack a target. So

        model.compile(loss={"logits": …, "predicted_quantity": …}, metrics={"selected": [ImageF1()]})

    trains on the targets `{"logits": labels, "predicted_quantity": number of labels}`. A target without a
    loss serves metrics alone. A model that wraps this one is an ordinary Keras model: it needs a target for
    each of its outputs.
    """

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The compiled losses, summed; arguments and result as in `keras.Model.compute_loss`.

        Raises:
            ValueError: losses and targets are not dicts by output, or a loss lacks its target.
        """
        if isinstance(y_pred, dict) and y is not None and self.loss is not None:
            _check_targets(y, self.loss, y_pred)
            y = {name: y[name] for name in self.loss}
            if isinstance(sample_weight, dict):
                sample_weight = {name: sample_weight.get(name) for name in self.loss}
        return super().compute_loss(x, y, y_pred, sample_weight, training)

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


def _check_targets(targets: Any, losses: Any, outputs: dict[str, Any]) -> None:
    example = '{"logits": …, "predicted_quantity": …}'
    for what, values in (("The loss of compile", losses), ("The targets", targets)):
        if not isinstance(values, dict):
            raise ValueError(
                f"{what} must be a dict by output, such as {example}. Received: {type(values).__name__}"
            )
        unknown = [name for name in values if name not in outputs]
        if unknown:
            raise ValueError(f"{what} must name outputs ({', '.join(outputs)}). Received: {unknown[0]!r}")
    lacking = [name for name in losses if name not in targets]
    if lacking:
        raise ValueError(f"Each loss needs a target. Received: none for {', '.join(lacking)}")
