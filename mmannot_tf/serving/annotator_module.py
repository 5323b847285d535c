"""What a SavedModel holds: image bytes and tag text in, annotations (Algorithm 2) or features out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from mmannot_tf.data.images import decode, normalise, resize
from mmannot_tf.data.tags import indices_of, split_tags
from mmannot_tf.data.tags import tag_lists as lists_of
from mmannot_tf.models.decision import build_decision
from mmannot_tf.models.tag_encoder import portable
from mmannot_tf.runs.plan import stage_digest
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stages import STAGES
from mmannot_tf.serving.model import LABELS, NEEDED, TAGS, write_lists
from mmannot_tf.serving.network import NETWORK_OUTPUTS
from mmannot_tf.training.trained_branches import blueprint_of, trained_branch
from tfrecords_tools.shell.errors import UserError

_ENCODED = tf.TensorSpec([None], tf.string, name="image")
_TEXT = tf.TensorSpec([None], tf.string, name="tags")


class AnnotatorModule(tf.Module):
    """The whole annotator with its lookups, as tf.saved_model.save takes it.

    In every signature `image` are JPEG or PNG bytes, string [B], and `tags` comma-separated tags, string [B],
    which may be empty; unknown tags are passed over. `annotations` are labels, best first, and "" after the
    selected ones; `scores` the probabilities in that order.

    Attributes:
        branches: the Keras models under their names.
        network: the network alone, for engines that read no strings: `image` float32 [B, S, S, 3], RGB from 0
            to 255 and resized; `tag_lists` int32 [B, L], places in tags.txt, each once, filled up with -1.
        label_file: asset, one label a line in index order.
        tag_file: asset, one tag of the vocabulary a line in index order.
    """

    def __init__(self, run: Run, assets: Path):
        """Puts the trained branches together; writes labels.txt and tags.txt into the folder `assets`.

        Raises:
            UserError: a stage that is needed is not finished.
        """
        super().__init__(name="mmannot")
        _check_finished(run)
        self._data, self._preprocessing, self._sizes = run.config.data, run.preprocessing, blueprint_of(run)
        self.branches = _branches(run)
        self._decision = build_decision(
            self.branches["classifier"],
            self.branches["quantity"],
            least_quantity=run.config.evaluation.least_quantity,
            rounding=run.config.evaluation.quantity_rounding,
        )
        self._portable = portable(self.branches["tag_encoder"])
        write_lists(assets, labels=run.dataset.labels, tags=run.dataset.tags)
        self.label_file = tf.saved_model.Asset(str(assets / LABELS.name))
        self.tag_file = tf.saved_model.Asset(str(assets / TAGS.name))
        self._labels = _table(self.label_file, key="number", default="")
        self._tags = _table(self.tag_file, key="line", default=-1)
        image = tf.TensorSpec([None, *self._sizes.image_shape()], tf.float32, name="image")
        textual = tf.TensorSpec(
            [None, *self.branches["tag_encoder"].output_shape[1:]], tf.float32, name="f_t"
        )
        lists = tf.TensorSpec([None, None], tf.int32, name="tag_lists")
        self._past_tags = tf.function(self._run_past_tags, input_signature=[image, textual])
        self.network = tf.function(self._run_network, input_signature=[image, lists])

    @property
    def weights(self) -> list[keras.Variable]:
        """Of all branches."""
        return [weight for branch in self.branches.values() for weight in branch.variables]

    @property
    def signatures_by_name(self) -> dict[str, Any]:
        """Every function that is exported."""
        return {
            "serving_default": self.annotate,
            "decoded": self.annotate_decoded,
            "given_quantity": self.annotate_given_quantity,
            "top_k": self.annotate_top_k,
            "features": self.features,
            "network": self.network,
        }

    @tf.function(input_signature=[_ENCODED, _TEXT])
    def annotate(self, image: tf.Tensor, tags: tf.Tensor) -> dict[str, tf.Tensor]:
        """As many labels as the model decides.

        Returns:
            `probabilities` float32 [B, C] in label order; `predicted_quantity` float32 [B], the regressor's
            output before rounding; `annotations` string [B, C]; `scores` float32 [B, C].
        """
        return self._annotated(self._whole(self._images(image), tags))

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name="image"), _TEXT])
    def annotate_decoded(self, image: tf.Tensor, tags: tf.Tensor) -> dict[str, tf.Tensor]:
        """As `annotate`, of decoded images: uint8 [B, H, W, 3], RGB, of any size."""
        size, sampling = self._data.image_size, self._data.resize
        pixels = tf.map_fn(
            lambda one: resize(one, size, sampling), image, fn_output_signature=self._one_image()
        )
        return self._annotated(self._whole(pixels, tags))

    @tf.function(input_signature=[_ENCODED, _TEXT, tf.TensorSpec([None], tf.int32, name="quantity")])
    def annotate_given_quantity(
        self, image: tf.Tensor, tags: tf.Tensor, quantity: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """As `annotate`, with as many labels as the caller gives each image: `quantity` int32 [B]."""
        outputs = self._whole(self._images(image), tags)
        rank = tf.argsort(outputs["order"])
        return self._annotated({**outputs, "selected": rank < quantity[:, tf.newaxis]})

    @tf.function(input_signature=[_ENCODED, _TEXT, tf.TensorSpec([], tf.int32, name="k")])
    def annotate_top_k(self, image: tf.Tensor, tags: tf.Tensor, k: tf.Tensor) -> dict[str, tf.Tensor]:
        """The `k` best labels of every image: `annotations` string [B, k] and `scores` float32 [B, k]."""
        outputs = self._whole(self._images(image), tags)
        return {
            "annotations": self._names(outputs)[:, :k],
            "scores": _in_order(outputs, "probabilities")[:, :k],
        }

    @tf.function(input_signature=[_ENCODED, _TEXT])
    def features(self, image: tf.Tensor, tags: tf.Tensor) -> dict[str, tf.Tensor]:
        """For retrieval: `f_v`, `f_t` and their concatenation `f`, float32 [B, D]."""
        outputs = self._whole(self._images(image), tags)
        return {name: outputs[name] for name in ("f_v", "f_t", "f")}

    def untraced_network(self, image: tf.Tensor, tag_lists: tf.Tensor) -> dict[str, tf.Tensor]:
        """As `network`, computed anew where it is called, with the variables that are in force there."""
        return _of_network(self._run_past_tags(image, self._portable(tag_lists, training=False)))

    def _run_network(self, image: tf.Tensor, tag_lists: tf.Tensor) -> dict[str, tf.Tensor]:
        return _of_network(self._past_tags(image, self._portable(tag_lists, training=False)))

    def _run_past_tags(self, image: tf.Tensor, textual: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = normalise(image, self._preprocessing)
        maps = self.branches["backbone"](pixels, training=False)
        visual = self.branches["fusion"](maps, training=False)
        joint = tf.concat([visual, textual], axis=-1)
        return {**self._decision(joint, training=False), "f_v": visual, "f_t": textual, "f": joint}

    def _whole(self, pixels: tf.Tensor, text: tf.Tensor) -> dict[str, tf.Tensor]:
        indices = indices_of(split_tags(text), self._tags)
        textual = self.branches["tag_encoder"](lists_of(indices, self._sizes.tags), training=False)
        return self._past_tags(pixels, textual)

    def _annotated(self, outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return {
            "probabilities": outputs["probabilities"],
            "predicted_quantity": outputs["predicted_quantity"],
            "annotations": tf.where(_in_order(outputs, "selected"), self._names(outputs), ""),
            "scores": _in_order(outputs, "probabilities"),
        }

    def _names(self, outputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        return self._labels.lookup(tf.cast(outputs["order"], tf.int64))

    def _one_image(self) -> tf.TensorSpec:
        return tf.TensorSpec(self._sizes.image_shape(), tf.float32)

    def _images(self, encoded: tf.Tensor) -> tf.Tensor:
        size, sampling = self._data.image_size, self._data.resize

        def one(image: tf.Tensor) -> tf.Tensor:
            return resize(decode(image), size, sampling)

        return tf.map_fn(one, encoded, fn_output_signature=self._one_image())


def _of_network(outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {name: outputs[name] for name in NETWORK_OUTPUTS}


def _in_order(outputs: Mapping[str, tf.Tensor], name: str) -> tf.Tensor:
    return tf.gather(outputs[name], outputs["order"], batch_dims=1)


def _check_finished(run: Run) -> None:
    lacking = [name for name in NEEDED if stage_digest(run, name) is None]
    if lacking:
        raise UserError(
            f"An annotator needs the stages {', '.join(NEEDED)} trained. Received: {run.path}, without "
            f"{', '.join(lacking)}. Run `mmannot train` again with the same --run."
        )


def _branches(run: Run) -> dict[str, keras.Model]:
    """The annotator's branches, each from the stage that trained it."""
    backbone = trained_branch(run, STAGES["ms_cnn"], "backbone", blueprint_of(run).image_shape())
    fusion = trained_branch(run, STAGES["ms_cnn"], "fusion", [one.shape[1:] for one in backbone.outputs])
    tag_encoder = trained_branch(run, STAGES["tag_encoder"], "tag_encoder", None)
    joint = (fusion.output_shape[-1] + tag_encoder.output_shape[-1],)
    heads = {name: trained_branch(run, STAGES[name], name, joint) for name in ("classifier", "quantity")}
    return {"backbone": backbone, "fusion": fusion, "tag_encoder": tag_encoder, **heads}


def _table(asset: tf.saved_model.Asset, *, key: str, default: str | int) -> tf.lookup.StaticHashTable:
    """A file's lines by number (key="number"), or their numbers by line (key="line")."""
    number, line = tf.lookup.TextFileIndex.LINE_NUMBER, tf.lookup.TextFileIndex.WHOLE_LINE
    keys, values = (
        ((tf.int64, number), (tf.string, line))
        if key == "number"
        else ((tf.string, line), (tf.int64, number))
    )
    return tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(asset.asset_path, *keys, *values), default)
