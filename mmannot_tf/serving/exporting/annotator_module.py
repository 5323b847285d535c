"""The SavedModel's module: image bytes and tag text to annotations (Algorithm 2) or features."""

from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf

from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.data.images import decode_resized, normalise, resize
from mmannot_tf.data.tags import graph_splitter, indices_of
from mmannot_tf.data.tags import tag_lists as ragged_to_lists
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.way import Scores
from mmannot_tf.models.decision import build_decision
from mmannot_tf.models.flip_average import flip_averaged
from mmannot_tf.models.tag_encoder import portable
from mmannot_tf.runs.run import Run
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.exporting.annotator_branches import annotator_branches
from mmannot_tf.serving.exporting.decision_requests import DecisionRequest
from mmannot_tf.serving.exporting.empty_batch import of_any_batch
from mmannot_tf.serving.exporting.lookup_table import lookup_table
from mmannot_tf.serving.exporting.pixel_description import pixel_description
from mmannot_tf.serving.model import LABELS, TAG_KEYS, plain_decisions, write_name_lists
from mmannot_tf.serving.network import NETWORK_OUTPUTS
from mmannot_tf.training.inference.trained_branches import network_spec_of

_ENCODED = tf.TensorSpec([None], tf.string, name="image")
TEXT = tf.TensorSpec([None], tf.string, name="tags")


class AnnotatorModule(tf.Module):
    """The whole annotator with its lookup tables, for tf.saved_model.save.

    In every signature `image` holds JPEG or PNG bytes, string [B]; `tags` holds an image's tags, separated by
    commas, string [B], "" for none, and is read by the run's tag rule (docs/tags.md); unknown tags are
    ignored. `annotations` are the selected labels, best first, then ""; `scores` are the probabilities of all
    labels, best first.

    Attributes:
        run: what it was built from.
        branches: the Keras models by their names.
        decisions: the ways to decide that the signature `decide` takes.
        network: the network without strings, for other engines: `image` float32 [B, S, S, 3], RGB from 0 to
            255 and resized; `tag_lists` int32 [B, L], line numbers in tags.txt, each once, padded with -1.
        label_file: asset, one label per line in index order.
        tag_file: asset, one tag of the vocabulary per line in index order, as the graph looks it up.
    """

    def __init__(self, run: Run, assets: Path, decides: Decisions | None = None):
        """Assembles the trained branches; writes the lists of their names into the folder `assets`.

        Args:
            run: its stages are trained.
            assets: gets the lists.
            decides: how many labels an image gets; None for as many as the regressor predicts, as in the
                paper.

        Raises:
            UserError: a required stage is not finished.
        """
        super().__init__(name="mmannot")
        self.run, self._data, self._preprocessing = run, run.config.data, run.preprocessing
        self._sizes = network_spec_of(run)
        self._averages_flips = run.config.model.flip_average
        self._decides, self.decisions = decides, decides or plain_decisions(run)
        self.branches, self._f_v = annotator_branches(run)
        self._decision = self._heads("", run.config.evaluation)
        has_visual_heads = "visual_classifier" in self.branches
        self._untagged = self._heads("visual_", run.config.evaluation) if has_visual_heads else None
        encoder = self.branches.get("tag_encoder")
        self._portable = portable(encoder) if encoder else _no_textual_feature
        dataset = run.dataset
        write_name_lists(assets, labels=dataset.labels, tags=dataset.tags, tag_rule=dataset.tag_rule)
        self.label_file = tf.saved_model.Asset(str(assets / LABELS.name))
        self.tag_file = tf.saved_model.Asset(str(assets / TAG_KEYS.name))
        self._labels = lookup_table(self.label_file, key="number", default="")
        self._tags = lookup_table(self.tag_file, key="line", default=-1) if encoder else None
        self._split = graph_splitter(dataset.tag_rule)
        image = tf.TensorSpec([None, *self._sizes.image_shape()], tf.float32, name="image")
        textual = tf.TensorSpec([None, encoder.output_shape[-1] if encoder else 0], tf.float32, name="f_t")
        lists = tf.TensorSpec([None, None], tf.int32, name="tag_lists")
        tagged = tf.TensorSpec([None], tf.bool, name="tagged")
        self._from_tag_features = tf.function(
            self._run_from_tag_features, input_signature=[image, textual, tagged]
        )
        self.network = tf.function(self._run_network, input_signature=[image, lists])
        self._network_of_any_batch = tf.function(
            lambda image, tag_lists: of_any_batch(self._run_network, image, tag_lists),
            input_signature=[image, lists],
        )
        inputs = [self._input(), TEXT]
        quantity = tf.TensorSpec([None], tf.int32, name="quantity")
        self.annotate = tf.function(self._annotate, input_signature=inputs)
        self.annotate_given_quantity = tf.function(
            self._annotate_given_quantity, input_signature=[*inputs, quantity]
        )
        self.annotate_top_k = tf.function(
            self._annotate_top_k, input_signature=[*inputs, tf.TensorSpec([], tf.int32, name="k")]
        )
        self._annotate_as_asked = DecisionRequest.function(self._as_asked, inputs)
        self.features = tf.function(self._features, input_signature=inputs)

    @property
    def weights(self) -> list[keras.Variable]:
        """The weights of all branches."""
        return [weight for branch in self.branches.values() for weight in branch.variables]

    @property
    def pixels(self) -> str:
        """What the input `image` of `network` holds, in words."""
        data = self._data
        return pixel_description(size=data.image_size, orientation=data.orientation, resize=data.resize)

    @property
    def signatures_by_name(self) -> dict[str, tf.types.experimental.PolymorphicFunction]:
        """The exported functions by the names of their signatures."""
        return {
            "serving_default": self.annotate,
            "decoded": self.annotate_decoded,
            "given_quantity": self.annotate_given_quantity,
            "top_k": self.annotate_top_k,
            "decide": self._annotate_as_asked,
            "features": self.features,
            "network": self._network_of_any_batch,
        }

    def _input(self) -> tf.TensorSpec:
        """What most signatures take as the image."""
        return _ENCODED

    def _annotate(self, image: tf.Tensor, tags: tf.Tensor) -> dict[str, tf.Tensor]:
        """Annotates with as many labels as the model predicts.

        Returns:
            `probabilities` float32 [B, C] in label order; `predicted_quantity` float32 [B], the regressor's
            output before rounding; `annotations` string [B, C]; `scores` float32 [B, C].
        """
        return self._annotated(self._run_all(self._images(image), tags))

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name="image"), TEXT])
    def annotate_decoded(self, image: tf.Tensor, tags: tf.Tensor) -> dict[str, tf.Tensor]:
        """Annotates decoded images: uint8 [B, H, W, 3], RGB, upright, of any size."""
        size, sampling = self._data.image_size, self._data.resize
        pixels = tf.map_fn(
            lambda decoded: resize(decoded, size, sampling), image, fn_output_signature=self._image_spec()
        )
        return self._annotated(self._run_all(pixels, tags))

    def _annotate_given_quantity(
        self, image: tf.Tensor, tags: tf.Tensor, quantity: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Annotates with the number of labels that the caller gives for each image: `quantity` int32 [B]."""
        tf.debugging.assert_non_negative(quantity, "quantity must not be negative")
        tf.debugging.assert_equal(
            tf.shape(quantity), tf.shape(image)[:1], "quantity must have an entry per image"
        )
        outputs = self._run_all(self._images(image), tags)
        rank = tf.argsort(outputs["order"])
        return self._annotated({**outputs, "selected": rank < quantity[:, tf.newaxis]})

    def _annotate_top_k(self, image: tf.Tensor, tags: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns the `k` best labels: `annotations` string [B, k] and `scores` float32 [B, k]."""
        tf.debugging.assert_non_negative(k, "k must not be negative")
        outputs = self._run_all(self._images(image), tags)
        return {
            "annotations": self._names(outputs)[:, :k],
            "scores": _in_order(outputs, "probabilities")[:, :k],
        }

    def _as_asked(self, image: tf.Tensor, tags: tf.Tensor, request: DecisionRequest) -> dict[str, tf.Tensor]:
        """Annotates as `annotate` does, by the way and with the parameters of a request.

        Returns:
            What `annotate` returns, and `calibrated`, float32 [B, C], in label order: the probabilities as
            the way reads them.
        """
        outputs = self._run_all(self._images(image), tags)
        selected, calibrated = request.decide(outputs, self.decisions)
        return {**self._annotated({**outputs, "selected": selected}), "calibrated": calibrated}

    def _features(self, image: tf.Tensor, tags: tf.Tensor) -> dict[str, tf.Tensor]:
        """Returns features for retrieval: `f_v`, `f_t` and their concatenation `f`, float32 [B, D]."""
        outputs = self._run_all(self._images(image), tags)
        return {name: outputs[name] for name in ("f_v", "f_t", "f")}

    def untraced_network(self, image: tf.Tensor, tag_lists: tf.Tensor) -> dict[str, tf.Tensor]:
        """Computes `network` without its traced function, so that the caller's variable scope applies."""
        textual = self._portable(tag_lists, training=False)
        return _network_outputs(self._run_from_tag_features(image, textual, _are_tagged(tag_lists)))

    def _run_network(self, image: tf.Tensor, tag_lists: tf.Tensor) -> dict[str, tf.Tensor]:
        textual = self._portable(tag_lists, training=False)
        return _network_outputs(self._from_tag_features(image, textual, _are_tagged(tag_lists)))

    def _heads(self, prefix: str, settings: EvaluationSettings) -> keras.Model:
        return build_decision(
            self.branches[f"{prefix}classifier"],
            self.branches[f"{prefix}quantity"],
            least_quantity=settings.least_quantity,
            rounding=settings.quantity_rounding,
        )

    def _run_from_tag_features(
        self, image: tf.Tensor, textual: tf.Tensor, tagged: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        pixels = self._normalised(image)
        visual = flip_averaged(self._visual, pixels) if self._averages_flips else self._visual(pixels)
        joint = tf.concat([visual, textual], axis=-1)
        decides = self._decides
        outputs = _decided(self._decision(joint, training=False), decides.tagged if decides else None)
        if self._untagged is not None:
            of_visual = _decided(
                self._untagged(visual, training=False), decides.untagged if decides else None
            )
            outputs = _where(tagged, outputs, of_visual)
        return {**outputs, "tagged": tagged, "f_v": visual, "f_t": textual, "f": joint}

    def _normalised(self, image: tf.Tensor) -> tf.Tensor:
        return normalise(image, self._preprocessing)

    def _visual(self, pixels: tf.Tensor) -> tf.Tensor:
        """f_v of normalised images as they are."""
        return self.branches[self._f_v](self.branches["backbone"](pixels, training=False), training=False)

    def _run_all(self, pixels: tf.Tensor, text: tf.Tensor) -> dict[str, tf.Tensor]:
        return of_any_batch(self._run_images, pixels, text)

    def _run_images(self, pixels: tf.Tensor, text: tf.Tensor) -> dict[str, tf.Tensor]:
        if self._tags is None:
            return self._from_tag_features(pixels, _no_textual_feature(text), tf.zeros(tf.shape(text), bool))
        lists = ragged_to_lists(indices_of(self._split(text), self._tags), self._sizes.tags)
        textual = self.branches["tag_encoder"](lists, training=False)
        return self._from_tag_features(pixels, textual, _are_tagged(lists))

    def _annotated(self, outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        is_selected = _in_order(outputs, "selected")
        names = tf.where(is_selected, self._names(outputs), "")
        selected_first = tf.argsort(tf.cast(is_selected, tf.int32), direction="DESCENDING", stable=True)
        return {
            "probabilities": outputs["probabilities"],
            "predicted_quantity": outputs["predicted_quantity"],
            "annotations": tf.gather(names, selected_first, batch_dims=1),
            "scores": _in_order(outputs, "probabilities"),
        }

    def _names(self, outputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        return self._labels.lookup(tf.cast(outputs["order"], tf.int64))

    def _image_spec(self) -> tf.TensorSpec:
        return tf.TensorSpec(self._sizes.image_shape(), tf.float32)

    def _images(self, encoded: tf.Tensor) -> tf.Tensor:
        data = self._data

        def decoded(image: tf.Tensor) -> tf.Tensor:
            return decode_resized(
                image, size=data.image_size, sampling=data.resize, orientation=data.orientation
            )

        return tf.map_fn(decoded, encoded, fn_output_signature=self._image_spec())


def _network_outputs(outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {name: outputs[name] for name in NETWORK_OUTPUTS}


def _decided(outputs: Mapping[str, tf.Tensor], ways: FittedWays | None) -> dict[str, tf.Tensor]:
    """The outputs with the labels that the deciding way selects; as they are without ways."""
    if ways is None:
        return dict(outputs)
    scores = Scores(outputs["probabilities"], outputs["predicted_quantity"])
    return {**outputs, "selected": ways.decider.select(scores, keras.ops)}


def _in_order(outputs: Mapping[str, tf.Tensor], name: str) -> tf.Tensor:
    return tf.gather(outputs[name], outputs["order"], batch_dims=1)


def _are_tagged(tag_lists: tf.Tensor) -> tf.Tensor:
    """Whether each image has a tag of the vocabulary: bool [B], from int32 [B, L] padded with -1."""
    return tf.reduce_any(tag_lists >= 0, axis=1)


def _where(
    condition: tf.Tensor, first: Mapping[str, tf.Tensor], second: Mapping[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    """Each image's outputs from `first` where its condition holds, else from `second`."""
    return {
        name: tf.where(tf.reshape(condition, [-1] + [1] * (values.shape.rank - 1)), values, second[name])
        for name, values in first.items()
    }


def _no_textual_feature(tags: tf.Tensor, training: bool = False) -> tf.Tensor:
    """f_t of a network without tags: float32 [B, 0]; `tags` are texts [B] or lists [B, L]."""
    return tf.zeros([tf.shape(tags)[0], 0])
