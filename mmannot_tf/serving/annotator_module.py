"""What a SavedModel holds: image bytes and tag text in, annotations out (Algorithm 2)."""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from mmannot_tf.data.images import prepare
from mmannot_tf.data.tags import multi_hot, split_tags
from mmannot_tf.models.annotator import BRANCHES, build_annotator
from mmannot_tf.training.network import stage_input
from mmannot_tf.training.plan import stage_digest
from mmannot_tf.training.run import Run
from mmannot_tf.training.stages import STAGES
from mmannot_tf.training.trained import blueprint_of, trained_branch
from tfrecords_tools.errors import UserError

NEEDED = ("ms_cnn", "tag_encoder", "classifier", "quantity")


class AnnotatorModule(tf.Module):
    """The whole annotator with its lookups, as tf.saved_model.save takes it.

    Attributes:
        model: the Keras annotator.
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
        self._config, self._preprocessing = run.config, run.preprocessing
        self._sizes = blueprint_of(run)
        self.model = build_annotator(
            _branches(run),
            least_quantity=run.config.evaluation.least_quantity,
            rounding=run.config.evaluation.quantity_rounding,
        )
        self.label_file = tf.saved_model.Asset(str(_write_lines(assets / "labels.txt", run.dataset.labels)))
        self.tag_file = tf.saved_model.Asset(str(_write_lines(assets / "tags.txt", run.dataset.tags)))
        self._labels = _table(self.label_file, key="number", default="")
        self._tags = _table(self.tag_file, key="line", default=-1)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image"),
            tf.TensorSpec([None], tf.string, name="tags"),
        ]
    )
    def annotate(self, image: tf.Tensor, tags: tf.Tensor) -> dict[str, tf.Tensor]:
        """Annotates a batch.

        Args:
            image: JPEG or PNG bytes, string [B].
            tags: comma-separated tags, string [B]; may be empty; unknown ones are passed over.

        Returns:
            `probabilities` float32 [B, C] in label order; `predicted_quantity` float32 [B], the regressor's
            output before rounding; `annotations` string [B, C], best first, empty after the selected ones;
            `scores` float32 [B, C], the probabilities in that order.
        """
        outputs = self.model(
            {"image": self._images(image), "tag_vector": self._tag_vectors(tags)}, training=False
        )
        order = outputs["order"]
        names = self._labels.lookup(tf.cast(order, tf.int64))
        selected = tf.gather(outputs["selected"], order, batch_dims=1)
        return {
            "probabilities": outputs["probabilities"],
            "predicted_quantity": outputs["predicted_quantity"],
            "annotations": tf.where(selected, names, ""),
            "scores": tf.gather(outputs["probabilities"], order, batch_dims=1),
        }

    def _images(self, encoded: tf.Tensor) -> tf.Tensor:
        data = self._config.data
        shape = tf.TensorSpec(self._sizes.image_shape(), tf.float32)

        def one(image: tf.Tensor) -> tf.Tensor:
            return prepare(
                image, size=data.image_size, sampling=data.resize, preprocessing=self._preprocessing
            )

        return tf.map_fn(one, encoded, fn_output_signature=shape)

    def _tag_vectors(self, text: tf.Tensor) -> tf.Tensor:
        tags = split_tags(text)
        return multi_hot(tags.with_flat_values(self._tags.lookup(tags.flat_values)), self._sizes.tags)


def _check_finished(run: Run) -> None:
    lacking = [name for name in NEEDED if stage_digest(run, name) is None]
    if lacking:
        raise UserError(
            f"An annotator needs the stages {', '.join(NEEDED)} trained. Received: {run.path}, without "
            f"{', '.join(lacking)}. Run `mmannot train` again with the same --run."
        )


def _branches(run: Run) -> dict:
    """The annotator's branches, each from the stage that trained it."""
    images = stage_input(STAGES["ms_cnn"], blueprint_of(run))
    backbone = trained_branch(run, STAGES["ms_cnn"], "backbone", images.shape[1:])
    fusion = trained_branch(run, STAGES["ms_cnn"], "fusion", [one.shape[1:] for one in backbone.outputs])
    tag_encoder = trained_branch(run, STAGES["tag_encoder"], "tag_encoder", None)
    joint = (fusion.output_shape[-1] + tag_encoder.output_shape[-1],)
    built = {"backbone": backbone, "fusion": fusion, "tag_encoder": tag_encoder}
    return {name: built.get(name) or trained_branch(run, STAGES[name], name, joint) for name in BRANCHES}


def _write_lines(path: Path, lines: Sequence[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _table(asset: tf.saved_model.Asset, *, key: str, default: str | int) -> tf.lookup.StaticHashTable:
    """A file's lines by number (key="number"), or their numbers by line (key="line")."""
    number, line = tf.lookup.TextFileIndex.LINE_NUMBER, tf.lookup.TextFileIndex.WHOLE_LINE
    keys, values = (
        ((tf.int64, number), (tf.string, line))
        if key == "number"
        else ((tf.string, line), (tf.int64, number))
    )
    return tf.lookup.StaticHashTable(tf.lookup.TextFileInitializer(asset.asset_path, *keys, *values), default)
