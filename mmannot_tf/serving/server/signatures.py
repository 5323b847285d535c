"""The served signatures: their inputs, and how their outputs follow from the network's outputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypedDict

import numpy as np

from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.serving.server.errors import RequestError, short_repr
from mmannot_tf.serving.server.json_values import ANY
from mmannot_tf.serving.server.overrides import decided, override_of
from mmannot_tf.serving.server.predict_request import DEFAULT_SIGNATURE

OVERRIDES = {
    "decision": "DT_STRING",
    "threshold": "DT_FLOAT",
    "k": "DT_INT32",
    "least": "DT_INT32",
    "most": "DT_INT32",
    "beta": "DT_FLOAT",
}
"""The inputs of `decide` that can be left out, scalars, and their types."""
Extra = Mapping[str, Any]
"""The values of a signature's other inputs than images and tags, by name; those left out are lacking."""


class DimensionDocument(TypedDict):
    """A dimension in TensorFlow Serving's metadata."""

    size: str
    name: str


class ShapeDocument(TypedDict):
    """A shape in TensorFlow Serving's metadata."""

    dim: list[DimensionDocument]
    unknown_rank: bool


class TensorDocument(TypedDict):
    """A tensor in TensorFlow Serving's metadata."""

    dtype: str
    tensor_shape: ShapeDocument
    name: str


class SignatureDocument(TypedDict):
    """A signature in TensorFlow Serving's metadata."""

    inputs: dict[str, TensorDocument]
    outputs: dict[str, TensorDocument]
    method_name: str
    defaults: dict[str, TensorDocument]


@dataclass(frozen=True)
class Tensor:
    """The type of an input or output.

    Attributes:
        dtype: TensorFlow's name of the type.
        shape: its sizes; -1 is any size.
    """

    dtype: str
    shape: tuple[int, ...]

    def document(self, name: str) -> TensorDocument:
        """Returns the tensor as TensorFlow Serving's metadata has it."""
        return {
            "dtype": self.dtype,
            "tensor_shape": {
                "dim": [{"size": str(size), "name": ""} for size in self.shape],
                "unknown_rank": False,
            },
            "name": f"{name}:0",
        }


@dataclass(frozen=True, eq=False)
class Answers:
    """What the network says about the images of a request.

    Attributes:
        outputs: of the network.
        tag_lists: the images' tags, int32 [B, L].
    """

    outputs: NetworkOutputs
    tag_lists: np.ndarray


@dataclass(frozen=True)
class Signature:
    """A function that requests can call.

    Attributes:
        inputs: by name; `image` and `tags` or `tag_lists`, and for some others.
        outputs: by name.
        compute: from the network's outputs and the other inputs to the signature's outputs, each [B, ...].
        extra: the names of the other inputs.
        is_optional: whether these can be left out.
    """

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    compute: Callable[[Answers, Extra], dict[str, np.ndarray]]
    extra: tuple[str, ...] = ()
    is_optional: bool = False

    def document(self) -> SignatureDocument:
        """Returns the signature as TensorFlow Serving's metadata has it."""
        return {
            "inputs": {name: tensor.document(name) for name, tensor in self.inputs.items()},
            "outputs": {name: tensor.document(name) for name, tensor in self.outputs.items()},
            "method_name": "tensorflow/serving/predict",
            "defaults": {},
        }


def signatures(annotator: Annotator) -> dict[str, Signature]:
    """Returns the signatures that every engine supports: those of the SavedModel except `features`."""
    model = annotator.model
    labels, size = len(model.labels), model.image_size
    names = np.array(model.labels)
    text = Tensor("DT_STRING", (ANY,))
    encoded = {"image": text, "tags": text}
    scored = {name: Tensor("DT_FLOAT", (ANY, labels)) for name in ("probabilities", "scores")}
    quantity = Tensor("DT_FLOAT", (ANY,))
    annotation = {
        **scored,
        "predicted_quantity": quantity,
        "annotations": Tensor("DT_STRING", (ANY, labels)),
    }

    def annotated(outputs: NetworkOutputs) -> dict[str, np.ndarray]:
        selected = np.take_along_axis(outputs.selected, outputs.order, 1)
        selected_first = np.argsort(~selected, axis=1, kind="stable")
        return {
            "probabilities": outputs.probabilities,
            "predicted_quantity": outputs.predicted_quantity,
            "annotations": np.take_along_axis(
                np.where(selected, names[outputs.order], ""), selected_first, 1
            ),
            "scores": np.take_along_axis(outputs.probabilities, outputs.order, 1),
        }

    def by_default(answers: Answers, _: Extra) -> dict[str, np.ndarray]:
        return annotated(annotator.decided(answers.outputs, answers.tag_lists))

    def given_quantity(answers: Answers, extra: Extra) -> dict[str, np.ndarray]:
        quantities = extra["quantity"]
        rank = np.argsort(answers.outputs.order, axis=1)
        if min(quantities) < 0:
            raise RequestError(400, f"quantity must not be negative. Received: {min(quantities)}.")
        selected = rank < np.array(quantities)[:, np.newaxis]
        return annotated(replace(answers.outputs, selected=selected))

    def top_k(answers: Answers, extra: Extra) -> dict[str, np.ndarray]:
        k, outputs = extra["k"], answers.outputs
        if not 0 <= k <= labels:
            raise RequestError(400, f"k must be from 0 to {labels}, the number of labels. Received: {k}.")
        best = outputs.order[:, :k]
        return {
            "annotations": names[best],
            "scores": np.take_along_axis(outputs.probabilities, best, 1),
        }

    def decide(answers: Answers, extra: Extra) -> dict[str, np.ndarray]:
        override = override_of(extra)
        outputs = decided(annotator, answers.outputs, answers.tag_lists, override)
        return {
            **annotated(outputs),
            "calibrated": annotator.calibrated(outputs, answers.tag_lists, override),
        }

    def network(answers: Answers, _: Extra) -> dict[str, np.ndarray]:
        return vars(answers.outputs)

    return {
        DEFAULT_SIGNATURE: Signature(encoded, annotation, by_default),
        "decoded": Signature(
            {**encoded, "image": Tensor("DT_UINT8", (ANY, ANY, ANY, 3))}, annotation, by_default
        ),
        "given_quantity": Signature(
            {**encoded, "quantity": Tensor("DT_INT32", (ANY,))}, annotation, given_quantity, ("quantity",)
        ),
        "top_k": Signature(
            {**encoded, "k": Tensor("DT_INT32", ())},
            {"annotations": Tensor("DT_STRING", (ANY, ANY)), "scores": Tensor("DT_FLOAT", (ANY, ANY))},
            top_k,
            ("k",),
        ),
        **(
            {}
            if model.decisions is None
            else {
                "decide": Signature(
                    {**encoded, **{name: Tensor(dtype, ()) for name, dtype in OVERRIDES.items()}},
                    {**annotation, "calibrated": scored["probabilities"]},
                    decide,
                    tuple(OVERRIDES),
                    is_optional=True,
                )
            }
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


def find_signature(served: Mapping[str, Signature], name: str) -> Signature:
    """Returns a signature by its name.

    Raises:
        RequestError: there is no such signature.
    """
    if name not in served:
        raise RequestError(
            400, f"signature_name must be one of {', '.join(served)}. Received: {short_repr(name)}."
        )
    return served[name]
