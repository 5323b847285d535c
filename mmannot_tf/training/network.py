"""Branches put together as a stage says, at the sizes a run has."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from mmannot_tf.config.settings import Config
from mmannot_tf.models.backbone import build_backbone
from mmannot_tf.models.classifier import build_classifier
from mmannot_tf.models.fusion import build_fusion
from mmannot_tf.models.pooling import build_places, build_pooling
from mmannot_tf.models.quantity_regressor import build_quantity_regressor
from mmannot_tf.models.tag_encoder import build_tag_encoder
from mmannot_tf.runs.stage import Stage, bare
from mmannot_tf.weights.provenance import Provenance


@dataclass(frozen=True)
class Blueprint:
    """The sizes of every branch of a run.

    Attributes:
        config: the run's configuration.
        labels: C, the number of labels.
        tags: T, the size of the tag vocabulary.
        provenance: of the backbone's initial weights: epsilon, geometry, preprocessing.
        mean_quantity: labels an image of the training split, where the quantity bias may start.
    """

    config: Config
    labels: int
    tags: int
    provenance: Provenance
    mean_quantity: float = 0.0

    @property
    def backbone_epsilon(self) -> float:
        """The configured epsilon, or the weights' own, or (random weights) that of new blocks."""
        asked = self.config.model.backbone_epsilon
        if asked != "weights":
            return asked
        return self.provenance.epsilon or self.config.model.block_epsilon

    @property
    def synchronized(self) -> bool:
        """Whether several replicas share their batch-norm statistics."""
        return self.config.training.batch_norm == "synchronized"

    def image_shape(self) -> tuple[int, int, int]:
        """Shape of one network input image."""
        return (self.config.data.image_size, self.config.data.image_size, 3)


def _backbone(blueprint: Blueprint, _: Any) -> keras.Model:
    model = blueprint.config.model
    return build_backbone(
        model.backbone,
        image_size=blueprint.config.data.image_size,
        momentum=model.batch_norm_momentum,
        epsilon=blueprint.backbone_epsilon,
        geometry=blueprint.provenance.geometry,
        synchronized=blueprint.synchronized,
    )


def _fusion(blueprint: Blueprint, map_shapes: Any) -> keras.Model:
    model = blueprint.config.model
    return build_fusion(
        map_shapes,
        momentum=model.batch_norm_momentum,
        epsilon=model.block_epsilon,
        gamma=model.fusion_gamma,
        synchronized=blueprint.synchronized,
    )


def _tag_encoder(blueprint: Blueprint, _: Any) -> keras.Model:
    return build_tag_encoder(blueprint.tags, hidden=blueprint.config.model.tag_hidden)


def _classifier(name: str) -> Callable[[Blueprint, Any], keras.Model]:
    return lambda blueprint, shape: build_classifier(shape[-1], blueprint.labels, name=name)


def _quantity(blueprint: Blueprint, shape: Any) -> keras.Model:
    model = blueprint.config.model
    return build_quantity_regressor(
        shape[-1],
        hidden=model.quantity_hidden,
        dropout=model.dropout,
        bias=blueprint.mean_quantity if model.quantity_bias == "mean" else 0.0,
        name="quantity",
    )


BUILDERS: Mapping[str, Callable[[Blueprint, Any], keras.Model]] = {
    "backbone": _backbone,
    "pooling": lambda _, map_shapes: build_pooling(map_shapes),
    "places": lambda _, map_shapes: build_places(map_shapes),
    "fusion": _fusion,
    "tag_encoder": _tag_encoder,
    "probe": _classifier("probe"),
    "classifier": _classifier("classifier"),
    "quantity": _quantity,
}


@dataclass(frozen=True)
class Network:
    """A stage's model and the branches it is made of."""

    model: keras.Model
    branches: Mapping[str, keras.Model]


def stage_inputs(stage: Stage, blueprint: Blueprint, feature_size: int = 0) -> dict[str, keras.KerasTensor]:
    """The symbolic inputs of a stage by what it reads; `feature_size` is the width of "features"."""
    shapes = {"images": blueprint.image_shape(), "tags": (None,), "features": (feature_size,)}
    types = {"tags": "int32"}
    return {
        source: keras.Input(shapes[source], dtype=types.get(source), name=source) for source in stage.reads
    }


def follow(path: Sequence[str], start: Any, branch_for: Callable[[str, Any], keras.Model]) -> Any:
    """Feeds `start` through the branches of `path`; `branch_for(name, shapes)` gives each of them."""
    for name in path:
        shapes = [one.shape[1:] for one in start] if isinstance(start, list) else start.shape[1:]
        start = branch_for(name, shapes)(start)
    return start


def side_by_side(features: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
    """The stage's feature from those of its trunks: f = [f_v, f_t] (Sec. III-B), or the only one."""
    return keras.layers.Concatenate()(features) if len(features) > 1 else features[0]


def build_network(stage: Stage, blueprint: Blueprint, feature_size: int = 0) -> Network:
    """A stage's network, freshly initialised, with only `stage.trains` trainable.

    Its model reads the stage's one input, or a dict of them by name; it returns the one output, or a dict of
    them by target.
    """
    branches: dict[str, keras.Model] = {}

    def branch_for(name: str, shapes: Any) -> keras.Model:
        branches[name] = BUILDERS[name](blueprint, shapes)
        branches[name].trainable = name in stage.trains
        return branches[name]

    inputs = stage_inputs(stage, blueprint, feature_size)
    feature = side_by_side(
        [follow(path, inputs[source], branch_for) for source, path in stage.trunks.items()]
    )
    outputs = {target: follow((head,), feature, branch_for) for head, target in stage.heads.items()}
    return Network(keras.Model(bare(inputs), bare(outputs), name=stage.name), branches)
