"""The starter model, which comes with the package: what it is worth on photographs that it has not seen."""

import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

import mmannot_tf
from mmannot_tf.cli.main import main
from mmannot_tf.serving.model import open_model
from mmannot_tf.weights.published import PUBLISHED
from tfrecords_tools.building.building import build_records
from tfrecords_tools.mirflickr.settings import MirflickrSettings
from tfrecords_tools.mirflickr.source import mirflickr_source
from tfrecords_tools.reading.records import open_records, read

FOLDER = Path(mmannot_tf.__file__).parent / "starter"
MEGABYTES = 3
LEAST = {"image_f1": 73.0, "map": 73.0}
"""What the model must have on all test photographs, percent."""
SEVERAL = 400
"""The first photographs of the collection, of which two fifths are for tests."""


def test_it_is_small_and_holds_no_path_of_a_machine():
    files = [file for file in FOLDER.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= MEGABYTES * 10**6
    assert not [file for file in files if b"/home/" in file.read_bytes() or b"/tmp/" in file.read_bytes()]


def test_it_opens_by_its_name_unless_there_is_such_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = open_model(Path("starter"))
    assert model.path == FOLDER / "1"
    assert len(model.labels) == 38 and {"sky", "people", "night", "flower", "sunset"} <= set(model.labels)
    (tmp_path / "starter").mkdir()
    with pytest.raises(mmannot_tf.UserError, match="starter, which is neither"):
        open_model(Path("starter"))


@pytest.mark.parametrize("command", ["evaluate", "report", "compare"])
def test_commands_that_need_a_run_say_what_it_is(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([command, "starter", *(["--out", "page.html"] if command == "report" else [])]) == 1
    assert "Received: starter, the model that comes with the package" in capsys.readouterr().err
    assert main([command, str(FOLDER), *(["--out", "page.html"] if command == "report" else [])]) == 1
    assert "with no dataset.json. For an export, name the run" in capsys.readouterr().err


def test_it_is_the_shipped_configuration():
    from mmannot_tf.config.loading import load, load_recorded

    made_with = load_recorded(FOLDER / "1" / "heads" / "config.toml")
    assert made_with.model_dump() == load("starter").model_dump()


def test_its_card_says_what_it_is_made_of():
    card = (FOLDER / "1" / "README.md").read_text()
    assert "38 labels" in card and "MIRFLICKR-25k" in card and "keras2016" in card
    assert "validation images" in card and "5,903 images of the test split" in card


def _records(shared, folder, photographs):
    """Records of the first photographs of MIRFLICKR."""
    archives = shared / "data" / "mirflickr"
    for name, below in (("mirflickr25k_annotations_v080", "annotations"), ("mirflickr-tags", ".")):
        with tarfile.open(archives / f"{name}.tar.gz") as file:
            file.extractall(folder / below, filter="data")
    for number in range(5):
        if 3000 * number < photographs:
            wanted = {f"mirflickr/im{image}.jpg" for image in range(1, photographs + 1)}
            with tarfile.open(archives / f"mirflickr-{number}.tar") as file:
                file.extractall(folder, [member for member in file if member.name in wanted], filter="data")
    settings = MirflickrSettings(raw=folder)
    return open_records(build_records(mirflickr_source(settings), out=folder / "records").path)


@pytest.fixture
def backbone(npm_archive, tmp_path, monkeypatch):
    """The backbone's weights in Keras' cache."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    PUBLISHED["keras2016"].fetch(npm_archive)


def _scores(records):
    """Its scores on the test photographs with their tags, percent, by numpy and scikit-learn."""
    examples = [*read(records, "test").as_numpy_iterator()]
    tags = [[tag.decode() for tag in example["tags"]] for example in examples]
    outputs = mmannot_tf.load("starter").predict([example["image"] for example in examples], tags)
    truth = np.zeros(outputs["selected"].shape, bool)
    for row, example in enumerate(examples):
        truth[row, example["labels"]] = True
    selected = outputs["selected"]
    right = (selected & truth).sum()
    seen = truth.any(axis=0)
    return {
        "images": len(truth),
        "image_f1": 200 * right / (selected.sum() + truth.sum()),
        "map": 100
        * average_precision_score(truth[:, seen], outputs["probabilities"][:, seen], average="macro"),
    }


@pytest.mark.exhaustive
@pytest.mark.real
def test_it_labels_photographs_that_it_has_not_seen(shared, backbone, tmp_path):
    """160 of them: a bound for every change. The next test holds the scores."""
    scores = _scores(_records(shared, tmp_path / "raw", SEVERAL))
    assert scores["images"] > 150
    assert scores["image_f1"] > LEAST["image_f1"] - 4


@pytest.mark.real
@pytest.mark.exhaustive
def test_its_scores_are_those_of_its_card(shared, backbone, tmp_path):
    """All 5,903 test photographs: minutes. The card's are of the heads before they were rounded."""
    scores = _scores(_records(shared, tmp_path / "raw", 15_000))
    assert scores["images"] == 5903
    for name, least in LEAST.items():
        assert scores[name] >= least, name
    *_, row = re.findall(r"^\|(?: *[0-9.]+ *\|){7}$", (FOLDER / "1" / "README.md").read_text(), re.MULTILINE)
    image_f1 = float(row.split("|")[6])
    assert scores["image_f1"] == pytest.approx(image_f1, abs=0.1)


@pytest.mark.real
@pytest.mark.exhaustive
def test_its_name_can_be_exported(backbone, tmp_path, capsys):
    assert main(["export", "starter", "--out", str(tmp_path / "export")]) == 0
    model = open_model(tmp_path / "export")
    assert (model.path / "saved_model.pb").is_file()
    assert model.digest == open_model(FOLDER).digest


@pytest.mark.real
@pytest.mark.slow
def test_one_command_labels_a_photograph(backbone, tmp_path, capsys):
    from sklearn.datasets import load_sample_images

    file = Path(load_sample_images().filenames[0])  # china.jpg
    assert main(["annotate", "starter", str(file), "--sheet", str(tmp_path / "sheet.html")]) == 0
    captured = capsys.readouterr()
    assert re.search(r"china\.jpg: .*(sky|structures)", captured.out)
    assert "annotated 1 photograph in" in captured.err
