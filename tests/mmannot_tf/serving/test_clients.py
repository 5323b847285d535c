"""Clients that are not ours, on real photographs: with what the card says they get TensorFlow's answers."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from mmannot_tf.cli.main import app
from tfrecords_tools.shell.console import run as run_app

pytestmark = pytest.mark.real

TAGS = ("sea", "no such tag", "")


@pytest.fixture(scope="module")
def photographs(shared):
    return sorted((shared / "data" / "coco_small" / "val2017").glob("*.jpg"))


@pytest.fixture(scope="module")
def words(tiny_run):
    """Tags of each photograph, by a few patterns."""
    known = tiny_run.dataset.tags

    def of(number):
        return [known[number % len(known)], known[3 * number % len(known)], TAGS[number % len(TAGS)]]

    return of


@pytest.fixture(scope="module")
def by_tensorflow(exported, photographs, words):
    """Labels, probabilities and quantity of each photograph, by the signature of bytes."""
    signature = tf.saved_model.load(str(exported)).signatures["serving_default"]
    tags = tf.constant([", ".join(words(number)) for number in range(len(photographs))])
    outputs = signature(image=tf.constant([photo.read_bytes() for photo in photographs]), tags=tags)
    return {name: output.numpy() for name, output in outputs.items()}


@pytest.fixture(scope="module")
def requests(exported, photographs, words):
    """The network's inputs by Pillow and numpy alone, as the card describes them."""
    size = json.loads((exported / "export.json").read_text())["image_size"]
    vocabulary = (exported / "assets" / "tags.txt").read_text(encoding="utf-8").splitlines()
    lists = np.full((len(photographs), 4), -1, np.int32)
    for number in range(len(photographs)):
        for place, word in enumerate(set(words(number)) & set(vocabulary)):
            lists[number, place] = vocabulary.index(word)
    return {"image": np.stack([_resized(photo, size) for photo in photographs]), "tag_lists": lists}


def _resized(photo, size):
    """Decoded at a fraction if much larger, turned upright, then bilinear with antialiasing, in float."""
    with Image.open(photo) as image:
        ratio = next(ratio for ratio in (8, 4, 2, 1) if min(image.size) // (2 * size) >= ratio)
        image.draft("RGB", (image.width // ratio, image.height // ratio))
        channels = ImageOps.exif_transpose(image.convert("RGB")).split()
    bilinear = Image.Resampling.BILINEAR
    return np.stack([np.asarray(band.convert("F").resize((size, size), bilinear)) for band in channels], -1)


def _same_annotations(outputs, exported, expected):
    labels = (exported / "assets" / "labels.txt").read_text(encoding="utf-8").splitlines()
    for row, names in enumerate(expected["annotations"]):
        chosen = [labels[label] for label in outputs["order"][row] if outputs["selected"][row][label]]
        assert chosen == [name.decode() for name in names if name]
    np.testing.assert_allclose(outputs["probabilities"], expected["probabilities"], atol=1e-4)
    np.testing.assert_allclose(outputs["predicted_quantity"], expected["predicted_quantity"], rtol=1e-4)


def test_onnx_runtime(exported, requests, by_tensorflow):
    import onnxruntime

    session = onnxruntime.InferenceSession(exported / "model.onnx", providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(None, requests), strict=True))
    _same_annotations(outputs, exported, by_tensorflow)


def test_openvino(exported, requests, by_tensorflow):
    import openvino

    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(exported / "openvino" / "model.xml", "CPU", exact)
    outputs = compiled(requests)
    named = {name: outputs[name] for name in ("order", "selected", "probabilities", "predicted_quantity")}
    _same_annotations(named, exported, by_tensorflow)


def test_litert(exported, requests, by_tensorflow):
    from ai_edge_litert.interpreter import Interpreter

    outputs = Interpreter(str(exported / "model.tflite")).get_signature_runner()(**requests)
    _same_annotations(outputs, exported, by_tensorflow)


@pytest.mark.exhaustive
@pytest.mark.parametrize("engine", ["tensorflow", "onnx", "openvino", "litert"])
def test_the_command_by_every_engine(exported, photographs, words, by_tensorflow, engine, tmp_path):
    """OpenVINO reads the SavedModel here: its own format is left out."""
    model = shutil.copytree(exported, tmp_path / "1", ignore=shutil.ignore_patterns("openvino"))
    lines = [f'{photo.name},"{", ".join(words(number))}"' for number, photo in enumerate(photographs)]
    (tmp_path / "tags.csv").write_text("\n".join(["image,tags", *lines]))
    out = tmp_path / "labels.jsonl"
    options = ["--tags-file", tmp_path / "tags.csv", "--engine", engine, "--out", out]
    assert run_app(app, ["annotate", str(model), str(photographs[0].parent), *map(str, options)]) == 0
    records = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    for record, names in zip(records, by_tensorflow["annotations"], strict=True):
        assert [annotation["label"] for annotation in record["annotations"]] == [
            name.decode() for name in names if name
        ]
