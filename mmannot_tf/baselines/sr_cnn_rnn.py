"""SR-CNN-RNN: an LSTM that starts from the probabilities of semantic concepts and names labels until stop.

Liu et al., "Semantic Regularisation for Recurrent Image Annotation" (CVPR 2017, arXiv 1611.05490). Labels
enter rare first; `methods.sr_cnn_rnn.order` decides. Concepts are the labels, the tags, or both; tags are
targets of the training alone and never read.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import keras
import tensorflow as tf

from mmannot_tf.baselines.label_decoder import LabelDecoder, LabelPaths
from mmannot_tf.baselines.label_sequences import sequence_cross_entropy, sequence_examples
from mmannot_tf.baselines.method import Examples, Method, MethodData, PerExampleLoss, Sizes, Tensors
from mmannot_tf.config.methods import SrCnnRnn
from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy

CONCEPTS: Mapping[str, tuple[str, ...]] = {
    "labels": ("labels",),
    "tags": ("tags",),
    "both": ("labels", "tags"),
}
"""`SrCnnRnn.concepts` to the targets that are predicted, in this order."""


def build(sizes: Sizes, settings: SrCnnRnn) -> keras.Model:
    """Steps and concepts: `[B, D]` and int32 `[B, L]` to a dict of logits.

    "steps" are `[B, L, C + 1]`, "concepts" `[B, S]`. The S concept probabilities are all that the decoder
    gets of the image.
    """
    features = keras.Input(sizes.features, name="features")
    sequence = keras.Input((None,), dtype="int32", name="sequence")
    counts = {"labels": sizes.labels, "tags": sizes.tags}
    count = sum(counts[target] for target in CONCEPTS[settings.concepts])
    concepts = keras.layers.Dense(count, dtype="float32", name="concepts")(features)
    probabilities = keras.layers.Activation("sigmoid", name="probabilities")(concepts)
    decoder = LabelDecoder(
        sizes.labels, embedding=settings.embedding, units=settings.units, sets_cell=True, name="decoder"
    )
    inputs = {"features": features, "sequence": sequence}
    outputs = {"steps": decoder(sequence, probabilities), "concepts": concepts}
    return keras.Model(inputs, outputs, name="sr_cnn_rnn")


def loss(settings: SrCnnRnn) -> PerExampleLoss:
    """L_RNN + λ L_CNN: softmax cross-entropy over the steps, sigmoid over the concepts, both summed."""
    cross_entropy = SigmoidCrossEntropy("sum")

    def joint(targets: Tensors, outputs: Tensors) -> tf.Tensor:
        concepts = tf.concat([targets[target] for target in CONCEPTS[settings.concepts]], axis=-1)
        of_concepts = cross_entropy.call(concepts, outputs["concepts"])
        return sequence_cross_entropy(targets, outputs["steps"]) + settings.concept_weight * of_concepts

    return joint


def prepare(data: Callable[[str], MethodData], split: str, settings: SrCnnRnn) -> Examples:
    """Label sequences, each with its stop, and multi-hot concepts as further targets."""
    examples = sequence_examples(data, split, settings.order, stop=True)
    concepts = {target: getattr(data(split), target) for target in CONCEPTS[settings.concepts]}
    return replace(examples, targets={**examples.targets, **concepts})


def scores(network: keras.Model, settings: SrCnnRnn) -> keras.Model:
    """The labels up to the stop, from the features alone: at least one, at most all."""
    decoder = network.get_layer("decoder")
    paths = LabelPaths(decoder, beam=settings.beam, max_labels=decoder.labels, stops=True, name="paths")
    probabilities = network.get_layer("probabilities").output
    return keras.Model(network.input, paths(probabilities), name="sr_cnn_rnn_scores")


METHOD = Method(
    name="sr_cnn_rnn",
    citation="Liu et al., CVPR 2017, arXiv 1611.05490",
    reads="image (tags as training targets)",
    predicts_quantity=True,
    differs=(
        "the feature is this run's fine-tuned CNN's, cached; there the CNN is trained along",
        "concepts and sequences are trained jointly from the start; there apart, then jointly",
        "concepts are the run's labels and tag vocabulary as they are, not cleaned further",
        "the one Linear sets hidden state and cell; optimizer, rates and sizes are ours",
        "no label twice, and at least one",
    ),
    build=build,
    loss=loss,
    prepare=prepare,
    scores=scores,
    needs_whole_sets=True,
)
