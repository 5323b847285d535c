"""The cost of a larger vocabulary: passes, steps and text with 100,000 tags instead of 1,000.

    python benchmarks/tags.py [--smoke] [--json FILE]

Images have 8 tags each, drawn from a Zipf law, for both vocabularies. The tag encoder is the paper's, with
two layers of 2,048 units. `arrays.py` measures the memory of tags in training.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from fresh_run import LABELS
from harness import LINEAR, Answer, JsonOption, SmokeOption, apiece, compare, report
from short_run import learning, plain_step
from typer import run

from mmannot_tf.data.tag_lists import padded
from mmannot_tf.data.tags import graph_splitter, indices_of, tag_lists, tag_table
from mmannot_tf.models.classifier import build_classifier
from mmannot_tf.models.tag_encoder import build_tag_encoder, portable
from tfrecords_tools.tag_rule.version import TAG_RULE

FEW, MANY = 1_000, 100_000
"""Tags."""
BATCH, OF_AN_IMAGE = 32, 8
WIDTH = 2048


def main(smoke: SmokeOption = False, json_file: JsonOption = None) -> None:
    """Prints the ratios."""
    shrink, pairs = (50, 1) if smoke else (1, 5)
    few, many = FEW // shrink, MANY // shrink
    answers = [
        *_passes(few, many, pairs=pairs),
        _steps(few, many, pairs=pairs),
        _texts(few, many, pairs=pairs),
    ]
    report(answers, json_file)


def drawn(vocabulary: int, images: int) -> list[np.ndarray]:
    """Distinct tags of each image, drawn with a probability near 1 / rank."""
    rng = np.random.default_rng(0)
    ranks = np.exp(rng.random((images, 4 * OF_AN_IMAGE)) * np.log(vocabulary)).astype(int) - 1
    return [np.unique(row)[:OF_AN_IMAGE] for row in ranks]


def _lists(vocabulary: int) -> tf.Tensor:
    return tf.constant(padded(drawn(vocabulary, BATCH)))


def _passes(few: int, many: int, *, pairs: int) -> list[Answer]:
    """A forward pass of lists: with a larger vocabulary, and compared with a product of whole vectors."""

    def forward(encoder: keras.Model, inputs: tf.Tensor, times: int = 20) -> Callable[[], object]:
        compute = tf.function(lambda batch: encoder(batch, training=False))
        return lambda: [compute(inputs) for _ in range(times)][-1].numpy()

    small, large = build_tag_encoder(few), build_tag_encoder(many)
    lists = _lists(many)
    vectors = tf.reduce_max(tf.one_hot(lists, many), axis=1)
    return [
        compare(
            f"tag encoder, {BATCH} images forward, {many:,} over {few:,} tags",
            (f"{many:,} tags, 20 passes", forward(large, lists)),
            (f"{few:,} tags, 20 passes", forward(small, _lists(few))),
            pairs=pairs,
            goal=LINEAR,
        ),
        compare(
            f"tag encoder of {many:,} tags, {BATCH} images forward, times as fast as from vectors",
            ("lists, 5 passes", forward(large, lists, 5)),
            ("vectors of 0 and 1, 5 passes", forward(_dense(large), vectors, 5)),
            pairs=pairs,
            faster=True,
            goal=("at least", 1.0),
        ),
        compare(
            f"as other engines compute it, {BATCH} images forward, {many:,} over {few:,} tags",
            (f"{many:,} tags, 20 passes", forward(portable(large), lists)),
            (f"{few:,} tags, 20 passes", forward(portable(small), _lists(few))),
            pairs=pairs,
            goal=LINEAR,
        ),
    ]


def _dense(encoder: keras.Model) -> keras.Model:
    """The same weights as a dense layer on a vector of 0 and 1."""
    first, second = encoder.get_layer("hidden_1"), encoder.get_layer("hidden_2")
    vectors = keras.Input((first.size,))
    plain = keras.layers.Dense(first.units, activation="relu")
    hidden = plain(vectors)
    plain.set_weights(first.get_weights())
    return keras.Model(vectors, second(hidden))


def _steps(few: int, many: int, *, pairs: int) -> Answer:
    """A step of the stage, per tag of the vocabulary: momentum and weight decay change every weight."""

    def step(vocabulary: int) -> Callable[[], object]:
        encoder, probe = build_tag_encoder(vocabulary), build_classifier(WIDTH, LABELS, name="probe")
        model = keras.Model(encoder.input, probe(encoder.output))
        labels = tf.constant(learning("tag_encoder", BATCH)[0])
        take, lists = plain_step(model), _lists(vocabulary)
        return lambda: take((lists, labels)).numpy()

    answer = compare(
        f"a step of tag_encoder, time a tag of the vocabulary, {many:,} over {few:,} tags",
        (f"{many:,} tags", step(many)),
        (f"{few:,} tags", step(few)),
        pairs=pairs,
        goal=LINEAR,
        note="momentum and weight decay move every weight of the first layer, used or not",
    )
    return apiece(answer, many / few)


def _texts(few: int, many: int, *, pairs: int) -> Answer:
    """Comma-separated tags to lists."""

    def read(vocabulary: int) -> Callable[[], object]:
        table = tag_table([f"tag{number}" for number in range(vocabulary)])
        texts = tf.constant([",".join(f"tag{tag}" for tag in row) for row in drawn(vocabulary, BATCH)])

        split = graph_splitter(TAG_RULE)

        @tf.function
        def lists(text: tf.Tensor) -> tf.Tensor:
            return tag_lists(indices_of(split(text), table), vocabulary)

        return lambda: [lists(texts) for _ in range(100)][-1].numpy()

    return compare(
        f"text of {BATCH} images to lists, {many:,} over {few:,} tags",
        (f"{many:,} tags, 100 times", read(many)),
        (f"{few:,} tags, 100 times", read(few)),
        pairs=pairs,
        goal=LINEAR,
    )


if __name__ == "__main__":
    run(main)
