"""Builds a stage's network from its branches, at the sizes of a run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from mmannot_tf.config.settings import Config
from mmannot_tf.models.architectures import ARCHITECTURES
from mmannot_tf.models.backbone import build_backbone, map_shapes, own_backbone
from mmannot_tf.models.classifier import build_classifier
from mmannot_tf.models.fusion import build_fusion
from mmannot_tf.models.networks import VECTORS
from mmannot_tf.models.pooling import build_places, build_pooled_scales, build_pooling
from mmannot_tf.models.quantity_regressor import build_quantity_regressor
from mmannot_tf.models.tag_encoder import build_tag_encoder
from mmannot_tf.models.vectors import build_vectors
from mmannot_tf.runs.stage import Stage, unwrap_single
from mmannot_tf.weights.provenance import Provenance
from tfrecords_tools.shell.errors import UserError, one_line


@dataclass(frozen=True)
class NetworkSpec:
    """All that the sizes and layers of a run's branches depend on.

    Attributes:
        config: the run's configuration.
        labels: C, the number of labels.
        tags: T, the size of the tag vocabulary.
        provenance: of the backbone's initial weights: epsilon, geometry, preprocessing.
        mean_quantity: labels per image of the training split; the quantity bias may start there.
        vector_size: D, of records of vectors; 0 for images.
    """

    config: Config
    labels: int
    tags: int
    provenance: Provenance
    mean_quantity: float = 0.0
    vector_size: int = 0

    @property
    def backbone_epsilon(self) -> float | None:
        """The configured epsilon, or that of the weights, or (random weights) that of new blocks.

        None for what the network has itself, if it is none of our ResNets.
        """
        configured = self.config.model.backbone_epsilon
        if configured != "weights":
            return configured
        if self.config.model.backbone not in ARCHITECTURES:
            return None
        return self.provenance.epsilon or self.config.model.block_epsilon

    @property
    def synchronized(self) -> bool:
        """Whether several replicas share their batch-norm statistics."""
        return self.config.training.batch_norm == "synchronized"

    @property
    def standardized(self) -> bool:
        """Whether heads standardise their features."""
        return self.config.model.feature_scaling == "standardized"

    def image_shape(self) -> tuple[int, ...]:
        """Shape of one network input image, or of a vector in its place."""
        if self.vector_size:
            return (self.vector_size,)
        return (self.config.data.image_size, self.config.data.image_size, 3)


def _backbone(spec: NetworkSpec, _: Any) -> keras.Model:
    model = spec.config.model
    if model.backbone == VECTORS:
        return build_vectors(spec.vector_size)
    own = own_backbone(model.backbone, model.taps) if model.has_own_backbone else None
    return build_backbone(
        own or model.backbone,
        image_size=spec.config.data.image_size,
        momentum=model.batch_norm_momentum,
        epsilon=spec.backbone_epsilon,
        geometry=spec.provenance.geometry,
        synchronized=spec.synchronized,
    )


def _fusion(spec: NetworkSpec, map_shapes: Any) -> keras.Model:
    model = spec.config.model
    return build_fusion(
        map_shapes,
        momentum=model.batch_norm_momentum,
        epsilon=model.block_epsilon,
        gamma=model.fusion_gamma,
        synchronized=spec.synchronized,
    )


def check_backbone(config: Config, provenance: Provenance) -> None:
    """Builds a backbone that is none of our ResNets, and fusion blocks on it where a stage has them.

    Raises:
        UserError: it has no layer of a tap's name, is not functional, or its maps cannot be fused.
    """
    if config.model.backbone in (*ARCHITECTURES, VECTORS):
        return
    spec = NetworkSpec(config, labels=1, tags=1, provenance=provenance)
    try:
        shapes = map_shapes(_backbone(spec, None))
        config.check_scales(len(shapes))
        if config.stages.ms_cnn is not None:
            _fusion(spec, shapes)
    except ValueError as error:
        raise UserError(
            f"model.backbone must be a network with maps at its taps for images of {config.data.image_size} "
            f'pixels. Received: "{config.model.backbone}" ({one_line(error)})'
        ) from None
    finally:
        keras.backend.clear_session(free_memory=True)


def _tag_encoder(spec: NetworkSpec, _: Any) -> keras.Model:
    model = spec.config.model
    return build_tag_encoder(spec.tags, hidden=model.tag_hidden, dropout=model.tag_dropout)


def _classifier(name: str) -> Callable[[NetworkSpec, Any], keras.Model]:
    return lambda spec, shape: build_classifier(
        shape[-1], spec.labels, standardized=spec.standardized, name=name
    )


def _quantity(spec: NetworkSpec, shape: Any) -> keras.Model:
    model = spec.config.model
    return build_quantity_regressor(
        shape[-1],
        hidden=model.quantity_hidden,
        dropout=model.dropout,
        bias=spec.mean_quantity if model.quantity_bias == "mean" else 0.0,
        standardized=spec.standardized,
        name="quantity",
    )


BUILDERS: Mapping[str, Callable[[NetworkSpec, Any], keras.Model]] = {
    "backbone": _backbone,
    "pooling": lambda _, map_shapes: build_pooling(map_shapes),
    "pooled_scales": lambda spec, map_shapes: build_pooled_scales(map_shapes, spec.config.model.pooled_maps),
    "places": lambda _, map_shapes: build_places(map_shapes),
    "fusion": _fusion,
    "tag_encoder": _tag_encoder,
    "probe": _classifier("probe"),
    "classifier": _classifier("classifier"),
    "quantity": _quantity,
}


@dataclass(frozen=True)
class Network:
    """A stage's model and its branches by name."""

    model: keras.Model
    branches: Mapping[str, keras.Model]


def stage_inputs(stage: Stage, spec: NetworkSpec, feature_size: int = 0) -> dict[str, keras.KerasTensor]:
    """The symbolic inputs of a stage by source; `feature_size` is the width of "features"."""
    shapes = {"images": spec.image_shape(), "tags": (None,), "features": (feature_size,)}
    types = {"tags": "int32"}
    return {
        source: keras.Input(shapes[source], dtype=types.get(source), name=source) for source in stage.reads
    }


def apply_branches(path: Sequence[str], inputs: Any, branch_for: Callable[[str, Any], keras.Model]) -> Any:
    """Applies the branches of `path` one after another; `branch_for(name, shapes)` returns each of them."""
    outputs = inputs
    for name in path:
        several = isinstance(outputs, list)
        shapes = [tensor.shape[1:] for tensor in outputs] if several else outputs.shape[1:]
        outputs = branch_for(name, shapes)(outputs)
        if name == "backbone":  # Keras returns the one output of a network of one scale without its list
            outputs = outputs if isinstance(outputs, list) else [outputs]
    return outputs


def concatenate_features(features: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
    """Concatenates the features of a stage's trunks: f = [f_v, f_t] (Sec. III-B)."""
    return keras.layers.Concatenate()(features) if len(features) > 1 else features[0]


def build_network(stage: Stage, spec: NetworkSpec, feature_size: int = 0) -> Network:
    """A stage's network, freshly initialised, with only `stage.trains` trainable.

    Its model takes one input, or a dict of inputs by source, and returns one output, or a dict by target.
    """
    branches: dict[str, keras.Model] = {}

    def branch_for(name: str, shapes: Any) -> keras.Model:
        branches[name] = BUILDERS[name](spec, shapes)
        branches[name].trainable = name in stage.trains
        return branches[name]

    inputs = stage_inputs(stage, spec, feature_size)
    feature = concatenate_features(
        [apply_branches(path, inputs[source], branch_for) for source, path in stage.trunks.items()]
    )
    outputs: dict[str, Any] = {
        target: apply_branches((head,), feature, branch_for) for head, target in stage.heads.items()
    }
    return Network(keras.Model(unwrap_single(inputs), unwrap_single(outputs), name=stage.name), branches)
