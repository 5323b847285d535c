"""RIA: an LSTM that starts from the image and names labels until it says stop.

Jin & Nakayama, "Annotation Order Matters: Recurrent Image Annotator for Arbitrary Length Image Tagging"
(ICPR 2016, arXiv 1604.05225). Labels enter rare first (the seed paper says frequent first);
`methods.ria.order` decides.
"""

from collections.abc import Callable

import keras

from mmannot_tf.baselines.label_decoder import LabelDecoder, LabelPaths, sequence_network
from mmannot_tf.baselines.label_sequences import sequence_cross_entropy, sequence_examples
from mmannot_tf.baselines.method import Examples, Method, MethodData, PerExampleLoss, Sizes
from mmannot_tf.config.methods import Ria


def build(sizes: Sizes, settings: Ria) -> keras.Model:
    """Logits of each step: `[B, D]` and int32 `[B, L]` to `[B, L, C + 1]`."""
    decoder = LabelDecoder(
        sizes.labels, embedding=settings.embedding, units=settings.units, sets_cell=False, name="decoder"
    )
    return sequence_network(decoder, sizes.features, "ria")


def loss(_: Ria) -> PerExampleLoss:
    """Softmax cross-entropy, summed over an image's labels and the stop."""
    return sequence_cross_entropy


def prepare(data: Callable[[str], MethodData], split: str, settings: Ria) -> Examples:
    """Label sequences, each with its stop."""
    return sequence_examples(data, split, settings.order, stop=True)


def scores(network: keras.Model, settings: Ria) -> keras.Model:
    """The labels up to the stop, from the features alone: at least one, at most all."""
    decoder = network.get_layer("decoder")
    paths = LabelPaths(decoder, beam=settings.beam, max_labels=decoder.labels, stops=True, name="paths")
    return keras.Model(network.input, paths(network.input["features"]), name="ria_scores")


METHOD = Method(
    name="ria",
    citation="Jin & Nakayama, ICPR 2016, arXiv 1604.05225",
    reads="image",
    predicts_quantity=True,
    differs=(
        "the feature is this run's fine-tuned CNN's, cached; there another CNN's",
        "optimizer, rates, and the sizes of LSTM and label vectors are ours",
        "no label twice, and at least one",
    ),
    build=build,
    loss=loss,
    prepare=prepare,
    scores=scores,
    needs_whole_sets=True,
)
