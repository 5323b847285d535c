"""Decoders of the RNN systems and the beam search over them; ids as in `label_sequences`.

A decoder is a layer with `labels` (C) and three functions of one set of weights:

- `decoder(sequence, context)`: the logits of every step of a given sequence, for training;
- `decoder.start(context)`: its state before the first step, a list of `[B, …]`;
- `decoder.step(tokens, state)`: the logits after one more token, and the next state.
"""

from typing import Any, NamedTuple, Protocol

import keras
import tensorflow as tf

State = list[tf.Tensor]
Shape = tuple[int | None, ...]


class Decoder(Protocol):
    """What the beam search needs of a decoder."""

    labels: int

    def start(self, context: tf.Tensor) -> State:
        """The state before the first step."""

    def step(self, tokens: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        """The logits after one more token, and the next state."""


class LabelLstm(keras.layers.Layer):
    """An LSTM over embedded labels.

    An embedding is one-hot times table: its gradient is a dense tensor, the same on every device and run.

    Args:
        labels: C; the table has a row for each and one for the start.
        embedding: E, size of a row.
        units: U, of the LSTM.
        **options: keyword arguments of `keras.layers.Layer`.
    """

    def __init__(self, labels: int, *, embedding: int, units: int, **options: Any):
        super().__init__(**options)
        self.labels, self.embedding = labels, embedding
        self.lstm = keras.layers.LSTM(units, return_sequences=True, name="lstm")

    def build(self, sequence_shape: Shape, hidden_shape: Shape, cell_shape: Shape) -> None:
        """Makes the table, `[C + 1, E]`, and the LSTM's weights."""
        self.table = self.add_weight(
            shape=(self.labels + 1, self.embedding), initializer="uniform", name="table"
        )
        self.lstm.build((None, None, self.embedding))

    def embedded(self, tokens: tf.Tensor) -> tf.Tensor:
        """The rows of tokens: int32 `[…]` to `[…, E]`."""
        return tf.matmul(tf.one_hot(tokens, self.labels + 1, dtype=self.compute_dtype), self.table)

    def call(self, sequence: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor) -> tf.Tensor:
        """Outputs o(t) of each step: int32 `[B, L]` and two `[B, U]` to `[B, L, U]`."""
        return self.lstm(self.embedded(sequence), initial_state=[hidden, cell])

    def step(self, tokens: tf.Tensor, hidden: tf.Tensor, cell: tf.Tensor) -> State:
        """Hidden state, which is o(t), and cell after one more token each, int32 `[B]`; both `[B, U]`."""
        return self.lstm.cell(self.embedded(tokens), [hidden, cell])[1]


class LabelDecoder(keras.layers.Layer):
    """A decoder over labels and stop, whose context sets the LSTM's initial state through one Linear.

    Args:
        labels: C.
        embedding: size of a label's vector.
        units: U, of the LSTM.
        sets_cell: the context sets hidden state and cell; else the hidden state alone, and the cell is 0.
        **options: keyword arguments of `keras.layers.Layer`.
    """

    def __init__(self, labels: int, *, embedding: int, units: int, sets_cell: bool, **options: Any):
        super().__init__(**options)
        self.labels, self.units, self.sets_cell = labels, units, sets_cell
        self.initial = keras.layers.Dense(2 * units if sets_cell else units, name="initial")
        self.lstm = LabelLstm(labels, embedding=embedding, units=units, name="label_lstm")
        self.logits = keras.layers.Dense(labels + 1, dtype="float32", name="logits")

    def build(self, sequence_shape: Shape, context_shape: Shape) -> None:
        """Makes all weights."""
        self.initial.build(context_shape)
        self.lstm.build(sequence_shape, (None, self.units), (None, self.units))
        self.logits.build((None, self.units))

    def call(self, sequence: tf.Tensor, context: tf.Tensor) -> tf.Tensor:
        """Logits of each step: int32 `[B, L]` and `[B, D]` to `[B, L, C + 1] float32`."""
        return self.logits(self.lstm(sequence, *self.start(context)))

    def start(self, context: tf.Tensor) -> State:
        """Hidden state and cell before the first step, `[B, U]` each."""
        initial = self.initial(context)
        return tf.split(initial, 2, axis=-1) if self.sets_cell else [initial, tf.zeros_like(initial)]

    def step(self, tokens: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        """Logits after one more token each, int32 `[B]`: `[B, C + 1] float32`; and the state."""
        state = self.lstm.step(tokens, *state)
        return self.logits(state[0]), state


class Beams(NamedTuple):
    """The K best paths of each image so far, best first.

    Attributes:
        place: how many steps have been taken, int32 scalar.
        tokens: the last of each path, int32 [B, K].
        totals: its summed log-probability, float32 [B, K]; -inf where there is no such path.
        scores: 1/i for the i-th label of the path, 0 for all others, float32 [B, K, C].
        ended: the path has its stop, bool [B, K].
        state: the decoder's, [B K, …] each.
    """

    place: tf.Tensor
    tokens: tf.Tensor
    totals: tf.Tensor
    scores: tf.Tensor
    ended: tf.Tensor
    state: State


class LabelPaths(keras.layers.Layer):
    """Beam search for the most probable label path, in graph; with one beam it is greedy decoding.

    A path's score is its summed log-probability, not normalised by its length. The probabilities are the
    decoder's softmax as trained: forbidden labels are left out, and the others are not scaled up. No path has
    a label twice. With `stops`, a path stops after its first label at the earliest, a stopped path keeps its
    score, and a path of `max_labels` labels ends without a stop. The search ends as soon as the best path of
    every image has stopped, since no other path can become better.

    Args:
        decoder: a decoder, described in this file's docstring.
        beam: K, paths kept.
        max_labels: the most labels of a path, at most C; without `stops`, every path has this many.
        stops: whether the decoder's last logit is the stop.
        **options: keyword arguments of `keras.layers.Layer`.
    """

    def __init__(self, decoder: Decoder, *, beam: int, max_labels: int, stops: bool, **options: Any):
        super().__init__(**options)
        if max_labels > decoder.labels:
            raise ValueError(
                f"A path has no label twice, so at most {decoder.labels}. Received: max_labels={max_labels}"
            )
        self.decoder, self.beam, self.max_labels, self.stops = decoder, beam, max_labels, stops

    def call(self, context: tf.Tensor) -> tf.Tensor:
        """Decodes.

        Args:
            context: input of `decoder.start`, `[B, …]`.

        Returns:
            1/i for the i-th label of the best path, exactly 0 for all others, `[B, C] float32`.
        """
        loop = [self._empty(context)]
        (beams,) = tf.while_loop(
            lambda beams: ~tf.reduce_all(beams.ended[:, 0]),
            lambda beams: [self._extended(beams)],
            loop,
            maximum_iterations=self.max_labels,
        )
        return beams.scores[:, 0]

    def compute_output_shape(self, context_shape: Shape) -> Shape:
        """`(B, C)`."""
        return context_shape[0], self.decoder.labels

    def _empty(self, context: tf.Tensor) -> Beams:
        images, labels = tf.shape(context)[0], self.decoder.labels
        one_path = tf.constant([0.0] + [float("-inf")] * (self.beam - 1))
        return Beams(
            place=tf.constant(0),
            tokens=tf.fill([images, self.beam], labels),
            totals=tf.tile(one_path[tf.newaxis], [images, 1]),
            scores=tf.zeros([images, self.beam, labels]),
            ended=tf.zeros([images, self.beam], tf.bool),
            state=[tf.repeat(tensor, self.beam, axis=0) for tensor in self.decoder.start(context)],
        )

    def _extended(self, beams: Beams) -> Beams:
        """The best paths that are one step longer, or have stopped."""
        logits, state = self.decoder.step(tf.reshape(beams.tokens, [-1]), beams.state)
        totals, best = tf.math.top_k(self._totals(beams, logits), self.beam)
        parents, tokens = best // logits.shape[-1], best % logits.shape[-1]
        rows = self.beam * tf.range(tf.shape(parents)[0])[:, tf.newaxis] + parents
        place = beams.place + 1
        label = tf.one_hot(tokens, self.decoder.labels) / tf.cast(place, tf.float32)
        return Beams(
            place=place,
            tokens=tokens,
            totals=totals,
            scores=tf.gather(beams.scores, parents, batch_dims=1) + label,
            ended=tokens == self.decoder.labels,
            state=[tf.gather(tensor, tf.reshape(rows, [-1])) for tensor in state],
        )

    def _totals(self, beams: Beams, logits: tf.Tensor) -> tf.Tensor:
        """The score of each path with each token next, `[B, K V]`; -inf where the token is forbidden."""
        log_p = tf.reshape(tf.nn.log_softmax(logits), [-1, self.beam, logits.shape[-1]])
        allowed = beams.scores == 0.0
        if self.stops:
            ended = beams.ended[..., tf.newaxis]
            log_p = tf.where(ended, 0.0, log_p)
            allowed = tf.concat([allowed & ~ended, tf.fill(tf.shape(ended), beams.place > 0)], axis=-1)
        totals = beams.totals[..., tf.newaxis] + tf.where(allowed, log_p, float("-inf"))
        return tf.reshape(totals, [-1, self.beam * logits.shape[-1]])


def sequence_network(decoder: keras.layers.Layer, features: tuple[int, ...], name: str) -> keras.Model:
    """A decoder as it is trained, the labels before each step given.

    Args:
        decoder: called on a sequence, int32 `[B, L]`, and features.
        features: shape of one image's feature.
        name: of the network.

    Returns:
        A network from {"features", "sequence"} to the decoder's logits `[B, L, …]`.
    """
    image = keras.Input(features, name="features")
    sequence = keras.Input((None,), dtype="int32", name="sequence")
    return keras.Model({"features": image, "sequence": sequence}, decoder(sequence, image), name=name)
