import numpy as np
import pytest
import tensorflow as tf

from mmannot_tf.serving.annotating.annotator import Annotator, open_annotator
from mmannot_tf.serving.annotation import Annotation, Unreadable
from mmannot_tf.serving.inputs.photographs import photographs
from mmannot_tf.serving.model import open_model
from mmannot_tf.serving.network import NetworkOutputs
from tfrecords_tools.shell.errors import UserError


def _all(annotator, paths, **options):
    batches = annotator.annotate_files(photographs(paths), **{"tags": "", "batch_size": 4, **options})
    return [result for batch in batches for result in batch]


@pytest.mark.exhaustive
def test_a_run_and_its_export_annotate_alike(tiny_run, exported, scenes):
    tags = ",".join(tiny_run.dataset.tags[:3])
    by_run = _all(open_annotator(tiny_run.path), list(scenes), tags=tags)
    by_export = _all(open_annotator(exported), list(scenes), tags=tags, batch_size=7)
    assert [result.image for result in by_run] == [str(image) for image in scenes]
    for result, other in zip(by_run, by_export, strict=True):
        assert [label for label, _ in result.labels] == [label for label, _ in other.labels]
        np.testing.assert_allclose([p for _, p in result.labels], [p for _, p in other.labels], atol=1e-5)
        assert result.predicted_quantity == pytest.approx(other.predicted_quantity, rel=1e-4)
        assert len(result.labels) >= 1


@pytest.mark.exhaustive
def test_files_get_what_the_signature_of_bytes_gives(exported, scenes):
    """Decoding apart from the graph gives the graph's own pixels."""
    images, tags = zip(*scenes.items(), strict=True)
    signature = tf.saved_model.load(str(exported)).signatures["serving_default"]
    encoded = tf.constant([image.read_bytes() for image in images])
    outputs = signature(image=encoded, tags=tf.constant(tags))
    annotator = open_annotator(exported)
    pixels = [annotator.decode(image.read_bytes()) for image in images]
    for result, names, scores in zip(
        annotator.annotate(pixels, tags, [str(image) for image in images]),
        outputs["annotations"].numpy(),
        outputs["scores"].numpy(),
        strict=True,
    ):
        assert [label for label, _ in result.labels] == [name.decode() for name in names if name]
        np.testing.assert_allclose([p for _, p in result.labels], scores[: len(result.labels)], atol=1e-6)


def test_tags_change_the_answer_and_unknown_ones_do_not(tiny_run, exported, scenes):
    annotator, image = open_annotator(exported), list(scenes)[:1]

    def quantity(text):
        (annotation,) = _all(annotator, image, tags=text)
        return annotation.predicted_quantity

    assert quantity(",".join(tiny_run.dataset.tags[:20])) != quantity("")
    assert quantity("no such tag, nor this") == quantity("")
    assert quantity(f"  {tiny_run.dataset.tags[0].upper()} ,") == quantity(tiny_run.dataset.tags[0])


def test_unreadable_files_come_out_in_their_places(exported, photos):
    (photos / "aa.jpg").write_bytes(b"no image")
    (photos / "inner" / "cc.jpg").mkdir()
    results = _all(open_annotator(exported), [photos, photos / "none.jpg"], tags="sea", batch_size=2)
    names = ["a.png", "aa.jpg", "b.JPG", "inner/c.jpeg", "inner/deeper/d.jpg", "none.jpg"]
    assert [result.image for result in results] == [str(photos / name) for name in names]
    assert [type(result) for result in results] == [Annotation, Unreadable, *[Annotation] * 3, Unreadable]
    assert results[1] == Unreadable(
        str(photos / "aa.jpg"), "sea", "not JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF"
    )
    assert results[-1].error == "missing"


class _Counting:
    """An engine that answers at once."""

    name, version = "counting", "1"

    def __init__(self, labels):
        self.labels, self.sizes = labels, []

    def __call__(self, inputs):
        size = len(inputs)
        self.sizes.append(size)
        selected = np.zeros((size, self.labels), bool)
        selected[:, 0] = True
        order = np.tile(np.arange(self.labels, dtype=np.int32), (size, 1))
        return NetworkOutputs(selected.astype(np.float32), np.ones(size, np.float32), selected, order)


def test_engines_get_full_batches_and_are_chosen_once(exported, photos):
    model = open_model(exported)
    engine, probes = _Counting(len(model.labels)), []
    (photos / "aa.jpg").write_bytes(b"no image")
    annotator = Annotator(model, lambda probe: probes.append(probe) or engine)
    results = _all(annotator, [photos], batch_size=3)
    assert engine.sizes == [3, 1]
    assert [len(probe) for probe in probes] == [3]
    assert len(results) == 5


def test_nothing_to_annotate_chooses_no_engine(exported, tmp_path):
    def refuse(probe):
        raise AssertionError(probe)

    assert _all(Annotator(open_model(exported), refuse), [tmp_path]) == []


def test_a_folder_that_is_neither_run_nor_export_is_named(tmp_path):
    with pytest.raises(UserError, match="neither"):
        open_annotator(tmp_path)
