"""`mmannot_tf.beam.Annotate` in a pipeline of one's own."""

import io
import json
import subprocess
import sys

import apache_beam as beam
import pytest
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.testing.util import assert_that
from PIL import Image

import mmannot_tf.beam
from mmannot_tf.decisions.override import Override
from mmannot_tf.serving.annotating.annotator import open_annotator
from tfrecords_tools.shell.beam_runner import BeamRunner
from tfrecords_tools.shell.errors import UserError


@pytest.fixture(scope="module")
def photographs():
    """Photographs of several sizes and formats, with tags, by name; one is broken."""
    contents = {"broken.jpg": mmannot_tf.beam.Photograph(b"nothing", "sea")}
    for number in range(20):
        encoded = io.BytesIO()
        picture = Image.new("RGB", (20 + 7 * number, 90 - 3 * number), (12 * number, 100, 200))
        picture.save(encoded, ("JPEG", "PNG", "WEBP")[number % 3])
        contents[f"{number}.jpg"] = mmannot_tf.beam.Photograph(encoded.getvalue(), "sea, sun" * (number % 2))
    return contents


def _pipeline(*options):
    return beam.Pipeline(*BeamRunner("DirectRunner", options).open())


def _annotated(export, photographs, **options):
    """The documents of the photographs by name, as our annotator makes them without Beam."""
    annotator = open_annotator(export)
    annotator.override = options.get("decide", annotator.override)
    readable = {name: photo for name, photo in photographs.items() if name != "broken.jpg"}
    annotations = annotator.annotate(
        [annotator.decode(photo.content) for photo in readable.values()],
        [photo.tags for photo in readable.values()],
        [*readable],
    )
    return {annotation.image: annotation.document() for annotation in annotations}


def _is(expected, model):
    """A check that documents are the expected ones, and one more is an error."""

    def check(documents):
        found = {document["image"]: document for document in documents}
        error = found.pop("broken.jpg")
        assert error == {
            "image": "broken.jpg",
            "tags": "sea",
            "error": "not JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF",
            "model": model,
        }
        assert found.keys() == expected.keys()
        for name, document in found.items():
            assert document.pop("model") == model
            assert document.keys() == expected[name].keys()
            quantity = expected[name]["predicted_quantity"]
            assert document["predicted_quantity"] == pytest.approx(quantity, abs=1e-5)
            labels = [entry["label"] for entry in document["annotations"]]
            assert labels == [entry["label"] for entry in expected[name]["annotations"]]
            json.dumps(document)

    return check


@pytest.mark.parametrize(
    "decide",
    [
        pytest.param(Override(), id="as exported"),
        pytest.param(Override(k=2), id="two labels", marks=pytest.mark.exhaustive),
    ],
)
def test_photographs_in_memory_become_documents(exported, photographs, decide):
    annotate = mmannot_tf.beam.Annotate(str(exported.parent), decide=decide, batch_size=4)
    expected = _annotated(exported, photographs, decide=decide)
    if decide.k:
        assert {len(document["annotations"]) for document in expected.values()} == {2}
    with _pipeline() as pipeline:
        documents = pipeline | beam.Create([*photographs.items()]) | annotate
        assert_that(documents, _is(expected, annotate.annotated_by))


@pytest.mark.exhaustive
def test_threads_of_a_process_share_one_model(exported, photographs):
    """RunInference counts how often a model was loaded."""
    annotate = mmannot_tf.beam.Annotate(str(exported), batch_size=2)
    pipeline = _pipeline("--direct_running_mode=multi_threading", "--direct_num_workers=4")
    documents = pipeline | beam.Create([*photographs.items()]) | beam.Reshuffle() | annotate
    assert_that(documents, _is(_annotated(exported, photographs), annotate.annotated_by))
    result = pipeline.run()
    result.wait_until_finish()
    wanted = MetricsFilter().with_name("load_model_latency_milli_secs")
    loaded = result.metrics().query(wanted)["distributions"]
    assert sum(distribution.committed.count for distribution in loaded) == 1


@pytest.mark.exhaustive
def test_batches_are_collected_over_bundles(exported, photographs):
    annotate = mmannot_tf.beam.Annotate(str(exported), batch_size=8, max_batch_seconds=1)
    with _pipeline() as pipeline:
        documents = pipeline | beam.Create([*photographs.items()]) | annotate
        assert_that(documents, _is(_annotated(exported, photographs), annotate.annotated_by))


def test_a_wrong_export_is_refused_before_the_pipeline_runs(tmp_path):
    with pytest.raises(UserError, match="MODEL must be"):
        mmannot_tf.beam.Annotate(str(tmp_path / "absent"))
    with pytest.raises(UserError, match="--engine must be"):
        mmannot_tf.beam.Annotate(str(tmp_path), engine="none")


@pytest.mark.slow
def test_importing_the_room_loads_neither_beam_nor_tensorflow():
    heavy = {"apache_beam", "tensorflow", "keras"}
    code = f"import sys, mmannot_tf.beam; sys.exit(bool({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
