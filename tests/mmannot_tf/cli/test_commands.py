import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from mmannot_tf.cli.main import app
from mmannot_tf.config.loading import dump
from tfrecords_tools.reading.records import read
from tfrecords_tools.shell.console import run as run_app

ROW = {
    "class_precision",
    "class_recall",
    "class_f1",
    "image_precision",
    "image_recall",
    "image_f1",
    "harmonic_f1",
}
LARGE = {
    "apache_beam",
    "keras",
    "matplotlib",
    "onnxruntime",
    "openvino",
    "pandas",
    "scipy",
    "sklearn",
    "tensorflow",
    "tensorflow_datasets",
    "torch",
}
"""Packages that make a command start noticeably later."""
METHODS = ["Upper bound", "MS-CNN+Tags+LQP", "MS-CNN+LQP", "MS-CNN+Tags", "MS-CNN", "CNN"]


@pytest.fixture(scope="module")
def run(tiny_run, tmp_path_factory):
    """A copy of the trained run with its predictions made."""
    copy = shutil.copytree(tiny_run.path, tmp_path_factory.mktemp("cli") / "run")
    assert run_app(app, ["evaluate", str(copy)]) == 0
    return copy


@pytest.fixture
def photo(tiny_records, tmp_path):
    example = next(read(tiny_records, "test").as_numpy_iterator())
    (tmp_path / "photo.jpg").write_bytes(example["image"])
    return tmp_path / "photo.jpg"


def _json(capsys, *arguments) -> dict:
    capsys.readouterr()
    status = run_app(app, [*map(str, arguments), "--json"])
    assert status == 0
    return json.loads(capsys.readouterr().out)


def _refused(capsys, *arguments) -> str:
    """The one line a command that fails prints."""
    capsys.readouterr()
    assert run_app(app, [str(argument) for argument in arguments]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ")
    assert output.err.count("\n") == 1
    return output.err


def test_evaluate_prints_every_row_and_quantity_as_json(run, tiny_config, capsys):
    document = _json(capsys, "evaluate", run)
    rows = {row["method"]: row for row in document["rows"]}
    methods = [row["method"] for row in document["rows"]]
    assert methods.pop(2) == "MS-CNN+Tags+LQP, untagged MS-CNN+LQP"
    assert methods[: len(METHODS)] == METHODS
    assert all(set(row) >= ROW for row in rows.values())
    assert rows["Upper bound"]["image_precision"] == rows["Upper bound"]["image_recall"]
    assert "CNN, trained as long" in rows
    assert rows["CNN, p > 0.5"]["mean_average_precision"] > 0
    features = [row["features"] for row in document["quantity"]]
    assert features[:2] == ["MS-CNN", "MS-CNN+Tags"]
    assert "MS-CNN, likeliest quantity" in features and len(features) == 8
    assert (document["split"], document["images"]) == ("test", 30)
    assert document["readings"]["training.weight_decay"] == tiny_config.training.weight_decay
    ways = document.pop("ways")
    assert [way["scorer"] for way in ways][:2] == ["MS-CNN+Tags", "MS-CNN"]
    assert ways[0]["reference"] == "predicted_quantity"
    assert document.pop("verdict")["method"] == "MS-CNN+Tags+LQP"
    assert json.loads((run / "scores.json").read_text()) == document


@pytest.mark.exhaustive
def test_evaluate_gives_every_row_intervals_and_pairs_their_tests(run, capsys):
    document = _json(capsys, "evaluate", run)
    assert all(set(row["intervals"]) == ROW for row in document["rows"])
    assert ("MS-CNN", "CNN, trained as long") in {(pair["a"], pair["b"]) for pair in document["pairs"]}
    assert all(0 < pair["p"] <= 1 for pair in document["pairs"])
    assert _json(capsys, "evaluate", run) == document


@pytest.mark.exhaustive
def test_evaluate_without_bootstrap_has_the_same_scores_and_no_intervals(run, capsys):
    document = _json(capsys, "evaluate", run)
    for row in document["rows"]:
        del row["intervals"], row["biased"]
    del document["pairs"], document["resampling"]
    for comparison in document["ways"]:
        comparison["pairs"] = []
        for row in comparison["rows"]:
            del row["intervals"]
    document["verdict"] = None
    assert _json(capsys, "evaluate", run, "--bootstrap", 0) == document


def test_the_row_of_label_frequencies_is_of_the_training_split(run, tiny_records, capsys):
    labels = [example["labels"] for example in read(tiny_records, "train", images=False).as_numpy_iterator()]
    counts = np.bincount(np.concatenate(labels), minlength=len(tiny_records.labels))
    with np.load(run / "predictions" / "test.npz") as saved:
        np.testing.assert_allclose(saved["label_frequencies"], counts / len(labels), rtol=1e-6)
        commonest = np.argsort(-counts, kind="stable")[:3]
        correct = saved["labels"][:, commonest].sum()
    rows = {row["method"]: row for row in _json(capsys, "evaluate", run)["rows"]}
    assert rows["Label frequencies"]["image_precision"] == pytest.approx(100 * correct / (3 * 30))


@pytest.mark.exhaustive
def test_evaluate_takes_another_split(run, capsys):
    assert _json(capsys, "evaluate", run, "--split", "validation")["images"] == 22


def test_compare_gives_the_reasons_against(run, capsys):
    document = _json(capsys, "compare", run)
    rows = {row["method"]: row for row in document["rows"]}
    assert rows["CNN"]["paper"]["image_f1"] == 64.77
    assert not rows["CNN"]["comparable"]
    assert any("synthetic" in reason for reason in rows["CNN"]["reasons"])


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_tables_are_printed_without_json(run, capsys, command):
    assert run_app(app, [command, str(run)]) == 0
    printed = capsys.readouterr().out
    assert all(method in printed for method in METHODS)
    assert "…" not in printed


@pytest.mark.parametrize(("command", "numbers"), [("compare", "III, IV"), ("average", "I, II, III, IV")])
def test_an_unknown_table_is_named_with_those_there_are(capsys, command, numbers):
    error = _refused(capsys, command, "nowhere", "--table", "V")
    assert error == f"error: --table must be one of {numbers}. Received: V.\n"


def test_a_table_is_known_in_small_letters(run, capsys):
    assert _json(capsys, "compare", run, "--table", "iv", "--bootstrap", 0)["table"] == "IV"


def test_one_run_has_no_spread_and_two_have(run, capsys):
    printed = {}
    for runs in (1, 2):
        assert run_app(app, ["average", *[str(run)] * runs, "--table", "i"]) == 0
        printed[runs] = capsys.readouterr().out
    heads = [printed[runs].splitlines()[0] for runs in (1, 2)]
    assert heads == [
        f"{runs}, 30 images of test, 14 labels, percent." for runs in ("One run", "Means of 2 runs")
    ]
    printed = {runs: text.split("\n", 1)[1] for runs, text in printed.items()}
    assert "±" not in printed[1]
    assert printed[2].count(" ± 0.0 (") == 2 * len(METHODS)
    assert printed[1] == printed[2].replace(" ± 0.0", "")


@pytest.mark.exhaustive
def test_ways_are_averaged_over_runs(run, capsys):
    assert run_app(app, ["average", str(run), str(run), "--ways"]) == 0
    printed = capsys.readouterr().out
    assert "MS-CNN+Tags: 30 images" in printed and "2 runs" in printed
    assert "| one threshold |" in printed and "that is 0/0 counts as 0" in printed
    (comparison, *_) = _json(capsys, "average", run, "--ways")
    assert (comparison["scorer"], comparison["runs"]) == ("MS-CNN+Tags", 1)


@pytest.mark.exhaustive
def test_predictions_are_made_again_when_a_stage_changed(run, tmp_path, capsys):
    copy = shutil.copytree(run, tmp_path / "run")
    shutil.rmtree(copy / "stages" / "quantity")
    methods = [row["method"] for row in _json(capsys, "evaluate", copy)["rows"]]
    assert "MS-CNN+Tags+LQP" not in methods
    assert "MS-CNN+LQP" in methods


@pytest.mark.exhaustive
def test_annotate_by_an_export(exported, photo, capsys):
    (annotation,) = _json(capsys, "annotate", exported, photo, "--tags", "sea")["photographs"]
    assert annotation["image"] == str(photo)
    assert annotation["annotations"][0]["probability"] >= annotation["annotations"][-1]["probability"]
    assert run_app(app, ["annotate", str(exported), str(photo)]) == 0
    assert capsys.readouterr().out.startswith(f"{photo}: ")


def test_annotate_names_what_it_cannot_read_and_annotates_the_rest(run, photo, tmp_path, capsys):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    capsys.readouterr()
    assert run_app(app, ["annotate", str(run), str(photo), str(broken)]) == 1
    output = capsys.readouterr()
    assert str(photo) in output.out
    assert f"error: {broken}: " in output.err


def test_train_continues_a_run_from_the_command_line(run, tiny_config, tiny_records, tmp_path, capsys):
    config = tmp_path / "config.toml"
    config.write_text(dump(tiny_config), encoding="utf-8")
    copy = shutil.copytree(run, tmp_path / "run")
    arguments = ["train", config, "--data", tiny_records.path, "--run", copy, "--stages", "cnn,ms_cnn"]
    assert run_app(app, [str(argument) for argument in arguments]) == 0
    assert "ms_cnn: done, skipped" in capsys.readouterr().err


class TestBadInputIsOneLine:
    def test_unknown_key(self, tmp_path, capsys):
        arguments = ("train", "quickstart", "--data", tmp_path, "--run", tmp_path / "r")
        assert "training.momentum" in _refused(capsys, *arguments, "--set", "training.momentun=1")

    def test_missing_records(self, tmp_path, capsys):
        arguments = ("train", "quickstart", "--data", tmp_path / "none", "--run", tmp_path / "r")
        assert str(tmp_path / "none") in _refused(capsys, *arguments)
        assert not (tmp_path / "r").exists()

    def test_missing_weights(self, tiny_records, tmp_path, capsys):
        arguments = ("train", "mscoco_small", "--data", tiny_records.path, "--run", tmp_path / "r")
        assert "none.h5" in _refused(capsys, *arguments, "--set", f"model.weights={tmp_path / 'none.h5'}")

    def test_tag_list_of_the_wrong_size(self, tiny_records, tmp_path, capsys):
        arguments = ("train", "quickstart", "--data", tiny_records.path, "--run", tmp_path / "r")
        assert "vocabulary_size" in _refused(capsys, *arguments, "--set", "data.vocabulary_size=4000")

    def test_run_of_other_records(self, run, tmp_path, capsys):
        from tfrecords_tools.building.building import build_records
        from tfrecords_tools.synthetic.settings import SyntheticSettings
        from tfrecords_tools.synthetic.source import synthetic_source

        settings = SyntheticSettings(images=60, test_images=5, validation_share=0.2, size=32, seed=3)
        other = build_records(synthetic_source(settings), out=tmp_path)
        copy = shutil.copytree(run, tmp_path / "run")
        arguments = ("train", copy / "config.toml", "--data", other.path, "--run", copy)
        assert "other records" in _refused(capsys, *arguments)

    def test_a_run_without_a_finished_stage(self, run, tmp_path, capsys):
        copy = shutil.copytree(run, tmp_path / "run", ignore=shutil.ignore_patterns("stages", "predictions"))
        assert "must have a finished stage" in _refused(capsys, "evaluate", copy)
        assert not list((copy / "predictions").glob("*"))

    @pytest.mark.parametrize("command", ["evaluate", "compare", "export"])
    def test_a_folder_that_is_no_run(self, command, tmp_path, capsys):
        extra = ("--out", tmp_path / "out") if command == "export" else ()
        assert str(tmp_path) in _refused(capsys, command, tmp_path, *extra)

    def test_a_model_that_is_none(self, tmp_path, photo, capsys):
        assert "neither" in _refused(capsys, "annotate", tmp_path, photo)
        assert "does not exist" in _refused(capsys, "annotate", tmp_path / "none", photo)

    @pytest.mark.parametrize("draws", ["1", "-3"])
    def test_too_few_resamples(self, draws, run, capsys):
        assert f"Received: {draws}." in _refused(capsys, "evaluate", run, "--bootstrap", draws)

    def test_a_split_that_is_none(self, run, capsys):
        assert "train, validation, test" in _refused(capsys, "evaluate", run, "--split", "dev")

    def test_weights_of_an_unknown_origin(self, tmp_path, capsys):
        arguments = ("weights", "import", tmp_path / "x", "--from", "nowhere", "--to", tmp_path / "y")
        assert "tfjs" in _refused(capsys, *arguments)


@pytest.mark.parametrize("arguments", [["train"], ["no-such-command"], ["evaluate"], ["annotate", "--bad"]])
def test_wrong_usage_exits_2(arguments, capsys):
    assert run_app(app, arguments) == 2


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["train", "--help"], ["train"], ["evaluate"], ["compare"]]
)
def test_commands_that_need_no_tensorflow_load_nothing_large(arguments, run):
    fits = arguments in (["evaluate"], ["compare"])  # calibrations
    large = LARGE - ({"scipy"} if fits else set())
    if fits:
        arguments = [*arguments, str(run)]
    code = (
        "import sys\n"
        "from mmannot_tf.cli.main import app\n"
        "from tfrecords_tools.shell.console import run\n"
        f"run(app, {arguments!r})\n"
        f"print(sorted({large} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.splitlines()[-1] == "[]"
