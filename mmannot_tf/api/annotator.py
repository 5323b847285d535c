"""The paper's whole network as one Keras model."""

import math
from dataclasses import replace
from pathlib import Path

import keras

from mmannot_tf.layers.arguments import fraction, units, whole_number
from mmannot_tf.layers.image_normalization import ImageNormalization
from mmannot_tf.layers.quantity_selection import QuantitySelection
from mmannot_tf.models.annotator import Annotator
from mmannot_tf.models.architectures import Architecture
from mmannot_tf.models.backbone import Backbone, build_backbone, map_shapes
from mmannot_tf.models.classifier import build_classifier
from mmannot_tf.models.fusion import build_fusion
from mmannot_tf.models.networks import NETWORKS
from mmannot_tf.models.quantity_regressor import build_quantity_regressor
from mmannot_tf.models.tag_encoder import build_tag_encoder
from mmannot_tf.weights.source import BackboneSource, resolve


def build_annotator(
    backbone: str | Architecture | Backbone = "resnet101",
    *,
    labels: int = 81,
    tags: int = 1000,
    image_size: int = 224,
    weights: str | Path | None = None,
    tag_hidden: tuple[int, int] = (2048, 2048),
    quantity_hidden: tuple[int, int] = (512, 256),
    dropout: float = 0.5,
    mean_quantity: float = 0.0,
    batch_norm_momentum: float = 0.9997,
    epsilon: float = 1e-3,
    least_quantity: int = 1,
    rounding: str = "nearest",
) -> keras.Model:
    """Builds the network of Fig. 2: an image and its tags to labels, and how many of them to give.

    The defaults are the paper's for NUS-WIDE: ResNet-101, 81 labels, 1,000 tags, 224 pixels (Sec. IV-A).
    The branches are sub-models, which `model.get_layer(NAME)` returns: "backbone", "fusion", "tag_encoder",
    "classifier" and "quantity".

    Args:
        backbone: "resnet50", "resnet101", "resnet152", "tiny" (for tests), another network of
            keras.applications by its name (docs/beyond.md), an `Architecture`, or, for any other network, a
            `Backbone`.
        labels: C, the number of labels.
        tags: T, the size of the tag vocabulary.
        image_size: S, side of the square input image in pixels, at least 32.
        weights: of the backbone: None or "random", "imagenet" to download those of keras.applications, or
            a file that `mmannot weights import` wrote. The network takes epsilon, strides, paddings and
            normalisation from them.
        tag_hidden: units of the tag encoder's two hidden layers (Sec. III-B).
        quantity_hidden: units of the quantity regressor's hidden layers (Sec. III-C).
        dropout: rate after each of these.
        mean_quantity: where the regressor's last bias starts; the training set's mean number of labels saves
            the steps to get there.
        batch_norm_momentum: decay of the moving statistics (Sec. IV-A3). The paper's 0.9997 needs thousands
            of steps; choose 0.9 or 0.99 for short trainings.
        epsilon: of batch norm, where neither the weights nor the network fix it.
        least_quantity: the smallest number of labels given to an image.
        rounding: of the predicted quantity: "nearest", "down" or "up".

    Returns:
        A model named "annotator". Its inputs are "image", RGB pixels from 0 to 255, float32 [B, S, S, 3], and
        "tags", indices into the vocabulary, each once, padded with -1, int32 [B, L]. Its outputs are

        - "logits": float32 [B, C];
        - "probabilities": their sigmoid, float32 [B, C];
        - "predicted_quantity": the regressor's output before rounding, float32 [B];
        - "selected": whether each label is given, bool [B, C];
        - "order": label indices, best first, int32 [B, C].

    Raises:
        ValueError: the backbone or the rounding is unknown, or a size is out of its range.
        UserError: the weights are missing, damaged, or of another architecture.

    Example:
        Build it and look at it. `keras.utils.plot_model(model)` draws it and needs pydot and graphviz.

        >>> model = mmannot_tf.build_annotator("tiny", labels=5, tags=20, image_size=64)
        >>> model.summary()  # doctest: +ELLIPSIS
        Model: "annotator"
        ...

        Train it, on arrays or a `tf.data.Dataset`. The targets are multi-hot labels and their number.

        >>> inputs = {"image": np.zeros((2, 64, 64, 3), "float32"), "tags": np.array([[3, -1], [0, 7]])}
        >>> labels = np.array([[1, 0, 0, 1, 0], [0, 1, 0, 0, 0]])
        >>> model.compile(
        ...     "adam",
        ...     loss={"logits": mmannot_tf.losses.SigmoidCrossEntropy(),
        ...           "predicted_quantity": mmannot_tf.losses.QuantityError()},
        ...     metrics={"selected": [mmannot_tf.metrics.ImageF1()]})
        >>> history = model.fit(
        ...     inputs, {"logits": labels, "predicted_quantity": labels.sum(axis=1)}, verbose=0)
        >>> model.predict(inputs, verbose=0)["selected"].shape
        (2, 5)

        Save it, and load it in any process that has imported `mmannot_tf`.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/annotator.keras")
        ...     loaded = keras.models.load_model(f"{folder}/annotator.keras")

        Use it as a layer, or take the fine-tuned backbone out of it.

        >>> image = keras.Input((64, 64, 3), name="image")
        >>> tags = keras.Input((None,), dtype="int32", name="tags")
        >>> outputs = loaded({"image": image, "tags": tags})
        >>> ranking = keras.Model({"image": image, "tags": tags}, outputs["order"])
        >>> backbone = loaded.get_layer("backbone")
        >>> len(backbone.outputs)
        5
    """
    labels, tags = whole_number("labels", labels, least=1), whole_number("tags", tags, least=1)
    image_size = whole_number("image_size", image_size, least=32)
    least_quantity = whole_number("least_quantity", least_quantity, least=0, most=labels)
    batch_norm_momentum = fraction("batch_norm_momentum", batch_norm_momentum)
    epsilon = fraction("epsilon", epsilon)
    units("tag_hidden", tag_hidden, layers=2)
    if not math.isfinite(mean_quantity):
        raise ValueError(f"mean_quantity must be finite. Received: mean_quantity={mean_quantity}")
    source = _source(weights, backbone)
    provenance = source.provenance
    backbone_model = build_backbone(
        backbone,
        image_size=image_size,
        momentum=batch_norm_momentum,
        epsilon=None if backbone in NETWORKS else provenance.epsilon or epsilon,
        geometry=provenance.geometry,
    )
    source.load_into(backbone_model)
    fusion = build_fusion(map_shapes(backbone_model), momentum=batch_norm_momentum, epsilon=epsilon)
    tag_encoder = build_tag_encoder(tags, hidden=tag_hidden)
    size = fusion.output_shape[-1] + tag_hidden[1]
    classifier = build_classifier(size, labels, name="classifier")
    quantity = build_quantity_regressor(
        size, hidden=quantity_hidden, dropout=dropout, bias=mean_quantity, name="quantity"
    )

    image = keras.Input((image_size, image_size, 3), name="image")
    tag_lists = keras.Input((None,), dtype="int32", name="tags")
    preprocessing = provenance.preprocessing
    pixels = ImageNormalization(
        channel_order=preprocessing.channel_order,
        mean=preprocessing.mean,
        scale=preprocessing.scale,
        name="normalization",
    )(image)
    visual = fusion(backbone_model(pixels))
    joint = keras.layers.Concatenate(name="joint_feature")([visual, tag_encoder(tag_lists)])
    logits, predicted = classifier(joint), quantity(joint)
    selected, order = QuantitySelection(
        least_quantity=least_quantity, rounding=rounding, dtype="float32", name="selection"
    )(logits, predicted)
    outputs = {
        "logits": logits,
        "probabilities": keras.layers.Activation("sigmoid", dtype="float32", name="sigmoid")(logits),
        "predicted_quantity": predicted,
        "selected": selected,
        "order": order,
    }
    return Annotator({"image": image, "tags": tag_lists}, outputs, name="annotator")


def _source(weights: str | Path | None, backbone: str | Architecture | Backbone) -> BackboneSource:
    if isinstance(backbone, str):
        return resolve("random" if weights is None else str(weights), backbone)
    if weights is not None:
        raise ValueError(
            "weights must be None for a backbone of your own: known weights belong to known backbones. "
            f"Received: weights={str(weights)!r}"
        )
    source = resolve("random", "custom")
    if isinstance(backbone, Backbone):
        provenance = replace(source.provenance, preprocessing=backbone.preprocessing)
        return replace(source, provenance=provenance)
    return source
