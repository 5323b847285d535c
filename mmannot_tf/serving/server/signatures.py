"""The signatures that are served: what each takes and makes of the network's answer. No TensorFlow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmannot_tf.serving.model import Model
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.serving.server.calls import DEFAULT_SIGNATURE
from mmannot_tf.serving.server.errors import RequestError, shown
from mmannot_tf.serving.server.values import ANY

Extra = Any
"""The value of a signature's third input: quantities int [B], or k."""


@dataclass(frozen=True)
class Tensor:
    """An input or output: its type as TensorFlow names it, and its shape, in which -1 is any number."""

    dtype: str
    shape: tuple[int, ...]

    def document(self, name: str) -> dict[str, Any]:
        """As TensorFlow Serving's metadata has it."""
        dimensions = [{"size": str(size), "name": ""} for size in self.shape]
        return {
            "dtype": self.dtype,
            "tensor_shape": {"dim": dimensions, "unknown_rank": False},
            "name": f"{name}:0",
        }


@dataclass(frozen=True)
class Signature:
    """A way to ask.

    Attributes:
        inputs: by name; `image` and `tags` or `tag_lists`, and for some a third.
        outputs: by name.
        answer: from the network's outputs and the third input to the signature's outputs, each [B, ...].
        extra: the third input's name; empty where there is none.
    """

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    answer: Callable[[NetworkOutputs, Extra], dict[str, np.ndarray]]
    extra: str = ""

    def document(self) -> dict[str, Any]:
        """As TensorFlow Serving's metadata has it."""
        sides = {"inputs": self.inputs, "outputs": self.outputs}
        found = {side: {name: one.document(name) for name, one in of.items()} for side, of in sides.items()}
        return {**found, "method_name": "tensorflow/serving/predict", "defaults": {}}


def signatures(model: Model) -> dict[str, Signature]:
    """All that any engine can answer: those of the SavedModel but `features`."""
    labels, size = len(model.labels), model.image_size
    names = np.array(model.labels)
    text = Tensor("DT_STRING", (ANY,))
    encoded = {"image": text, "tags": text}
    scored = {name: Tensor("DT_FLOAT", (ANY, labels)) for name in ("probabilities", "scores")}
    quantity = Tensor("DT_FLOAT", (ANY,))
    annotated = {
        **scored,
        "predicted_quantity": quantity,
        "annotations": Tensor("DT_STRING", (ANY, labels)),
    }

    def annotate(outputs: NetworkOutputs, _: Extra) -> dict[str, np.ndarray]:
        chosen = np.take_along_axis(outputs.selected, outputs.order, 1)
        return {
            "probabilities": outputs.probabilities,
            "predicted_quantity": outputs.predicted_quantity,
            "annotations": np.where(chosen, names[outputs.order], ""),
            "scores": np.take_along_axis(outputs.probabilities, outputs.order, 1),
        }

    def given(outputs: NetworkOutputs, quantities: Sequence[int]) -> dict[str, np.ndarray]:
        rank = np.argsort(outputs.order, axis=1)
        return annotate(replace(outputs, selected=rank < np.array(quantities)[:, np.newaxis]), None)

    def top_k(outputs: NetworkOutputs, k: int) -> dict[str, np.ndarray]:
        if not 0 <= k <= labels:
            raise RequestError(400, f"k must be from 0 to {labels}, the labels there are. Received: {k}.")
        best = outputs.order[:, :k]
        return {
            "annotations": names[best],
            "scores": np.take_along_axis(outputs.probabilities, best, 1),
        }

    def network(outputs: NetworkOutputs, _: Extra) -> dict[str, np.ndarray]:
        return vars(outputs)

    return {
        DEFAULT_SIGNATURE: Signature(encoded, annotated, annotate),
        "decoded": Signature(
            {**encoded, "image": Tensor("DT_UINT8", (ANY, ANY, ANY, 3))}, annotated, annotate
        ),
        "given_quantity": Signature(
            {**encoded, "quantity": Tensor("DT_INT32", (ANY,))}, annotated, given, "quantity"
        ),
        "top_k": Signature(
            {**encoded, "k": Tensor("DT_INT32", ())},
            {"annotations": Tensor("DT_STRING", (ANY, ANY)), "scores": Tensor("DT_FLOAT", (ANY, ANY))},
            top_k,
            "k",
        ),
        "network": Signature(
            {
                "image": Tensor("DT_FLOAT", (ANY, size, size, 3)),
                "tag_lists": Tensor("DT_INT32", (ANY, ANY)),
            },
            {
                "probabilities": scored["probabilities"],
                "predicted_quantity": quantity,
                "selected": Tensor("DT_BOOL", (ANY, labels)),
                "order": Tensor("DT_INT32", (ANY, labels)),
            },
            network,
        ),
    }


def find(offered: Mapping[str, Signature], name: str) -> Signature:
    """A signature by its name.

    Raises:
        RequestError: there is none.
    """
    if name not in offered:
        raise RequestError(
            400, f"signature_name must be one of {', '.join(offered)}. Received: {shown(name)}."
        )
    return offered[name]
