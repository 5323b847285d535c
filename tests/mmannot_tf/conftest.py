import numpy as np
import pytest
from PIL import Image

from mmannot_tf.serving.export import export
from tfrecords_tools.reading.records import read

FORMATS = ("saved_model", "onnx", "openvino", "litert")


@pytest.fixture(scope="session")
def exported(tiny_run, made_once):
    """The tiny run in every format; tests must not change it."""
    return made_once("export", lambda folder: export(tiny_run, folder, formats=FORMATS)) / "1"


@pytest.fixture(scope="session")
def scenes(tiny_records, tmp_path_factory):
    """The test split's images as files by name, and their tags as text."""
    folder = tmp_path_factory.mktemp("scenes")
    tags = {}
    for example in read(tiny_records, "test").as_numpy_iterator():
        file = folder / f"{example['id'].decode()}.jpg"
        file.write_bytes(example["image"])
        tags[file] = ", ".join(tag.decode().upper() for tag in example["tags"])
    return tags


@pytest.fixture
def photos(tmp_path):
    """A folder with photographs, folders and other things in it."""
    rng, folder = np.random.default_rng(0), tmp_path / "photos"
    for name in ("b.JPG", "a.png", "inner/c.jpeg", "inner/deeper/d.jpg", ".hidden.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        suffix = "PNG" if name.endswith("png") else "JPEG"
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(folder / name, suffix)
    (folder / "notes.txt").write_text("no photograph")
    return folder
