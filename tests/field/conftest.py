"""What tests of field reports share: photographs, MS-COCO's files, and a model that needs no training."""

import io
import json

import numpy as np
import pytest
import served
from PIL import Image

photo, b64, serve, start = served.photo, served.b64, served.serve, served.start
running, client = served.running, served.client


@pytest.fixture(scope="session")
def pixels():
    """RGB of soft colours, 64 pixels square."""
    y, x = np.mgrid[:64, :64]
    return np.stack([4 * x, 4 * y, 2 * (x + y)], -1).astype(np.uint8)


@pytest.fixture(scope="session")
def encode():
    """Encodes an array or a Pillow image."""

    def encode(image, form="PNG", **options):
        file = io.BytesIO()
        (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, form, **options)
        return file.getvalue()

    return encode


@pytest.fixture
def write_photo(encode):
    """Writes a JPEG; a seed gives its own pixels."""

    def write(path, seed=0):
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(seed).integers(0, 255, (24, 32, 3), np.uint8)
        path.write_bytes(encode(noise, "JPEG"))
        return path

    return write


@pytest.fixture
def quick_model(monkeypatch, tmp_path_factory):
    """Makes `annotate` use an engine that needs no training; returns what stands for the model's path."""
    from mmannot_tf.serving import model as models
    from mmannot_tf.serving.annotating.annotator import Annotator

    path = tmp_path_factory.mktemp("model")
    opened = models.Model(path, None, served.LABELS, served.TAGS, served.SIZE, "exif", "half_pixel", "f00d")
    monkeypatch.setattr(models, "open_model", lambda _: opened)
    monkeypatch.setattr(
        Annotator,
        "with_engine",
        lambda model, options, override, log: Annotator(model, lambda _: served.BrightnessEngine(), override),
    )
    return path


@pytest.fixture
def annotate(quick_model, capsys):
    """Runs `mmannot annotate` with the model above; returns status, stdout and stderr."""
    from mmannot_tf.cli.main import main

    def run(*arguments):
        status = main(["annotate", str(quick_model), *map(str, arguments)])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def records_command(capsys):
    """Runs `mmannot-records`; returns status, stdout and stderr."""
    from tfrecords_tools.cli.main import main

    def run(*arguments):
        status = main([*map(str, arguments)])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def manifest(tmp_path, write_photo, records_command):
    """Checks a manifest of four photographs, a.jpg to d.jpg; returns status, stdout and stderr."""

    def check(content, *options):
        for seed, name in enumerate("abcd"):
            write_photo(tmp_path / "photos" / f"{name}.jpg", seed)
        path = tmp_path / "photos.csv"
        path.write_text(content, encoding="utf-8")
        return records_command(
            "check", "manifest", "--manifest", path, "--raw", tmp_path / "photos", *options
        )

    return check


@pytest.fixture
def coco(tmp_path, write_photo):
    """Makes MS-COCO's layout, six images to train on and two to test; `change` edits the files of objects."""

    def make(change=lambda documents: None):
        raw = tmp_path / "coco"
        documents, captions = {}, {}
        for half, ids in (("train", range(1, 7)), ("val", range(11, 13))):
            for number in ids:
                write_photo(raw / f"{half}2017" / f"{number}.jpg", number)
            images = [{"id": number, "file_name": f"{number}.jpg"} for number in ids]
            notes = [{"id": number, "image_id": number, "caption": "a red ball"} for number in ids]
            captions[half] = {"images": images, "annotations": notes}
            objects = [{"image_id": number, "category_id": 1 + number % 2} for number in ids]
            names = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
            documents[half] = {"images": [*map(dict, images)], "annotations": objects, "categories": names}
        change(documents)
        (raw / "annotations").mkdir()
        for half in documents:
            for kind, document in (("instances", documents[half]), ("captions", captions[half])):
                path = raw / "annotations" / f"{kind}_{half}2017.json"
                path.write_text(json.dumps(document), encoding="utf-8")
        return raw

    return make


@pytest.fixture
def check_coco(coco, records_command):
    """Checks such a layout; returns status, stdout and stderr."""

    def check(change=lambda documents: None, *options):
        return records_command("check", "mscoco", "--raw", coco(change), "--validation-share", 0.3, *options)

    return check
