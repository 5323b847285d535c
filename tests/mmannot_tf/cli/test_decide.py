"""`mmannot decide`, on a logistic regression's scores and on made ones."""

import json
import os

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mmannot_tf.cli.main import main
from mmannot_tf.config.settings import EvaluationSettings
from mmannot_tf.decisions.catalogue import way_named
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.way import Scores
from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.metrics import annotation_scores
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.scorer_ways import compare_scorers


@pytest.fixture
def files(tmp_path):
    """Scores of a logistic regression, true labels and a quantity."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 6))
    labels = x[:, :5] + x[:, 1:] + rng.normal(size=(600, 5)) > 1.5
    models = [LogisticRegression().fit(x[:200], labels[:200, c]) for c in range(5)]
    scores = np.stack([model.predict_proba(x[200:])[:, 1] for model in models], axis=1).astype(np.float32)
    np.save(tmp_path / "scores.npy", scores)
    np.save(tmp_path / "labels.npy", labels[200:])
    np.save(tmp_path / "quantity.npy", scores.sum(axis=1))
    return tmp_path


def run(files, *options):
    return main(["decide", str(files / "scores.npy"), str(files / "labels.npy"), *options])


def test_the_table_names_the_best_way(files, capsys):
    assert run(files, "--quantity", str(files / "quantity.npy"), "--bootstrap", "200") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "200 images, ways fitted on 200 others" in printed
    assert "by the images that ways are fitted on" in printed and "p = " in printed
    assert "Calibration error" in printed and "Picked: " in printed


def test_a_saved_way_selects_the_same_labels_again(files, capsys):
    way, out, again = (files / name for name in ("way.json", "out.csv", "again.csv"))
    assert run(files, "--way", "expected_f", "--save", str(way), "--out", str(out), "--bootstrap", "0") == 0
    assert main(["decide", str(files / "scores.npy"), "--with", str(way), "--out", str(again)]) == 0
    assert out.read_text() == again.read_text()
    scores = Scores(np.load(files / "scores.npy"))
    selected = FittedWay.load(way).select(scores)
    assert np.loadtxt(out, delimiter=",").tolist() == selected.astype(float).tolist()
    assert FittedWay.load(way).way.name == "expected_f"


def test_the_numbers_are_those_of_the_library(files, capsys):
    fit, scored = ((files / name) for name in ("fit", "scored"))
    scores, labels = np.load(files / "scores.npy"), np.load(files / "labels.npy")
    for name, rows in ((fit, slice(0, 250)), (scored, slice(250, None))):
        np.save(name.with_suffix(".scores.npy"), scores[rows])
        np.save(name.with_suffix(".labels.npy"), labels[rows])
    command = ["decide", str(scored.with_suffix(".scores.npy")), str(scored.with_suffix(".labels.npy"))]
    command += ["--fit-scores", str(fit.with_suffix(".scores.npy"))]
    command += ["--fit-labels", str(fit.with_suffix(".labels.npy")), "--bootstrap", "0", "--json"]
    assert main(command) == 0
    answer = json.loads(capsys.readouterr().out)
    rows = {row["way"]: row for row in answer["comparison"]["rows"]}
    fitted = FittedWay.fit(way_named("one_threshold"), Scores(scores[:250]), labels[:250])
    expected = annotation_scores(fitted.select(Scores(scores[250:])), labels[250:])
    assert rows["one_threshold"]["image_f1"] == pytest.approx(expected.image_f1)
    assert answer["picked"] in rows


@pytest.mark.parametrize("of", ["a regressor joins them", "a logistic regression"])
def test_the_numbers_are_those_of_evaluate(files, tmp_path, capsys, of):
    """For scores of ours, with predicted quantities, and of another model, from the same files."""
    scores, labels = np.load(files / "scores.npy"), np.load(files / "labels.npy")
    scorer, quantity = ("classifier", "quantity") if of == "a regressor joins them" else ("asl", None)
    splits = {}
    for name, rows in (("validation", slice(0, 250)), ("test", slice(250, None))):
        splits[name] = Predictions(
            split=name,
            digest="",
            ids=tuple(map(str, range(len(scores[rows])))),
            labels=labels[rows],
            label_names=tuple("abcde"),
            probabilities={scorer: scores[rows]},
            quantity={quantity: scores[rows].sum(axis=1)} if quantity else {},
        )
        splits[name].save(tmp_path / f"{name}.npz")
    (expected,) = compare_scorers(splits["validation"], splits["test"], EvaluationSettings(k=3))
    files_of = [f"{tmp_path}/{name}.npz:" for name in ("test", "validation")]
    command = ["decide", f"{files_of[0]}probabilities.{scorer}", f"{files_of[0]}labels", "--bootstrap", "0"]
    command += [
        "--fit-scores",
        f"{files_of[1]}probabilities.{scorer}",
        "--fit-labels",
        f"{files_of[1]}labels",
    ]
    if quantity:
        command += ["--quantity", f"{files_of[0]}quantity.quantity"]
        command += ["--fit-quantity", f"{files_of[1]}quantity.quantity"]
    assert main([*command, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)["comparison"]
    assert answer["rows"] == document(expected.rows)
    assert len(answer["rows"]) == (14 if quantity else 11)
    assert (answer["calibrated"], answer["calibration_error"]) == (
        expected.calibrated,
        expected.calibration_error,
    )


def test_at_most_so_many_labels(files):
    out = files / "most.npy"
    for way in ("one_threshold", "expected_f", "top_k"):
        assert run(files, "--way", way, "--most", "2", "--out", str(out), "--bootstrap", "0") == 0
        assert np.load(out).sum(axis=1).max() == 2


def test_the_best_for_recall_is_chosen_by_recall(files, capsys):
    assert run(files, "--favour", "recall", "--bootstrap", "0") == 0
    assert "Best for I-F with beta = 2: " in " ".join(capsys.readouterr().out.split())
    assert run(files, "--favour", "recall", "--beta", "2") == 1
    assert "--favour stands for a --beta" in capsys.readouterr().err


def test_favoured_recall_gives_more_labels(files):
    given = {}
    for favour in ("precision", "recall"):
        out = files / f"{favour}.npy"
        options = ["--favour", favour, "--way", "one_threshold", "--out", str(out), "--bootstrap", "0"]
        assert run(files, *options) == 0
        given[favour] = np.load(out).sum()
    assert given["recall"] > 1.2 * given["precision"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--way", "magic"], "a way to decide must be one of top_k"),
        (["--share", "0.01"], "fitting and scoring each need 10 images"),
        (["--way", "posterior_f"], "posterior_f needs predicted quantities"),
        (["--fit-scores", "scores.npy"], "true labels must be given"),
        (
            ["--with", "none.json", "--out", "out.csv"],
            "--with compares and fits nothing, so it takes no LABELS",
        ),
        (["--favour", "recall", "--beta", "2"], "--favour stands for a --beta"),
    ],
)
def test_what_cannot_be_decided_is_named(files, capsys, monkeypatch, options, complaint):
    monkeypatch.chdir(files)
    assert run(files, *options) == 1
    error = capsys.readouterr().err
    assert complaint in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--out", "out.csv"], "none.json"),
        ([], "--with needs --out"),
        (["--out", "out.csv", "--json"], "takes no --json"),
        (["--out", "out.csv", "--save", "x.json"], "takes no --save"),
        (["--out", "out.csv", "--fit-labels", "labels.npy"], "takes no --fit-labels"),
        (["--out", "out.csv", "--fit-quantity", "labels.npy"], "takes no --fit-quantity"),
        (["--out", "out.csv", "--bootstrap", "5"], "takes no --bootstrap"),
        (["--out", "out.csv", "--measure", "C-F1"], "takes no --measure"),
        (["--out", "out.csv", "--share", "0.2"], "takes no --share"),
        (["--out", "out.csv", "--seed", "3"], "takes no --seed"),
    ],
)
def test_what_a_saved_way_cannot_do_is_named(files, capsys, monkeypatch, options, complaint):
    monkeypatch.chdir(files)
    assert main(["decide", "scores.npy", "--with", "none.json", *options]) == 1
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--out", "scores.npy"],
        ["--out", "labels.npy"],
        ["--quantity", "quantity.npy", "--out", "quantity.npy"],
        ["--save", "same.csv", "--out", "same.csv"],
    ],
)
def test_no_input_is_overwritten(files, capsys, monkeypatch, options):
    monkeypatch.chdir(files)
    before = {file.name: file.read_bytes() for file in files.iterdir()}
    assert run(files, *options) == 1
    assert "--out and --save must be files of their own" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in files.iterdir()} == before


def test_scores_of_another_scale_are_refused(files, capsys):
    way, scores = files / "way.json", np.load(files / "scores.npy")
    assert run(files, "--way", "expected_f", "--save", str(way), "--bootstrap", "0") == 0
    np.save(files / "logits.npy", np.log(scores) - np.log1p(-scores))
    command = ["decide", str(files / "logits.npy"), "--with", str(way), "--out", str(files / "out.npy")]
    assert main(command) == 1
    assert "scores must be from 0 to 1, as those that the way was fitted on" in capsys.readouterr().err
    assert (
        run(files, "--fit-scores", str(files / "logits.npy"), "--fit-labels", str(files / "labels.npy")) == 0
    )
    logits = [str(files / "logits.npy"), str(files / "labels.npy")]
    fitted = ["--fit-scores", str(files / "scores.npy"), "--fit-labels", str(files / "labels.npy")]
    assert main(["decide", *logits, *fitted]) == 1


def test_images_without_any_label_say_nothing(files, capsys):
    np.save(files / "labels.npy", np.zeros((400, 5)))
    assert run(files) == 1
    assert "the images to fit on must have labels. Received: 200 images, none" in capsys.readouterr().err


def test_a_quantity_is_needed_for_each_image(files, capsys):
    np.save(files / "short.npy", np.zeros(3))
    assert run(files, "--quantity", str(files / "short.npy")) == 1
    assert "must have one number for each of 400 images. Received: 3." in capsys.readouterr().err


def test_a_saved_way_says_what_it_did(files, capsys):
    way, out = files / "way.json", files / "out.npy"
    assert run(files, "--way", "top_k", "--k", "2", "--save", str(way), "--bootstrap", "0") == 0
    assert main(["decide", str(files / "scores.npy"), "--with", str(way), "--out", str(out)]) == 0
    assert f"top k (top_k): 2.00 labels an image; written: {out}" in capsys.readouterr().err


def test_labels_of_another_shape_are_refused(files, capsys):
    np.save(files / "labels.npy", np.zeros((400, 4)))
    assert run(files) == 1
    assert "same shape. Received: [400, 5]" in capsys.readouterr().err


def named(path, rows, columns, values):
    """Writes a CSV file with names of images and labels."""
    lines = [",".join(["image_id", *columns])]
    lines += [",".join([row, *map(str, line)]) for row, line in zip(rows, values.tolist(), strict=True)]
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture
def tables(files):
    """The same scores and labels as CSV files with names, which are numbers for the images."""
    scores, labels = np.load(files / "scores.npy"), np.load(files / "labels.npy").astype(int)
    rows = [str(100 + number) for number in range(len(scores))]
    named(files / "scores.csv", rows, "abcde", scores)
    named(files / "labels.csv", rows, "abcde", labels)
    named(files / "other_images.csv", rows[::-1], "abcde", labels)
    named(files / "other_labels.csv", rows, "edcba", labels)
    return files


def of_tables(tables, labels, *options):
    return main(["decide", str(tables / "scores.csv"), str(tables / labels), "--bootstrap", "0", *options])


def test_names_must_be_the_same_in_the_same_order(tables, capsys):
    assert of_tables(tables, "labels.csv") == 0
    assert of_tables(tables, "other_images.csv") == 1
    assert "images must have the same names in the same order. Received: 100 where" in capsys.readouterr().err
    assert of_tables(tables, "other_labels.csv") == 1
    assert "labels must have the same names in the same order. Received: a where" in capsys.readouterr().err


def test_quantities_must_be_of_the_same_images(tables, capsys):
    scores = np.load(tables / "scores.npy")
    rows = [str(100 + number) for number in range(len(scores))]
    for name, order in (("quantity.csv", rows), ("other_quantity.csv", rows[::-1])):
        named(tables / name, order, ["quantity"], scores.sum(axis=1, keepdims=True))
    assert of_tables(tables, "labels.csv", "--quantity", str(tables / "quantity.csv")) == 0
    assert of_tables(tables, "labels.csv", "--quantity", str(tables / "other_quantity.csv")) == 1
    assert "images must have the same names in the same order" in capsys.readouterr().err


def test_a_saved_way_knows_its_labels(tables, capsys):
    way, out = tables / "way.json", tables / "out.csv"
    assert of_tables(tables, "labels.csv", "--way", "half_best_f", "--save", str(way)) == 0
    assert main(["decide", str(tables / "scores.csv"), "--with", str(way), "--out", str(out)]) == 0
    assert out.read_text().startswith("image,a,b,c,d,e\n100,")
    named(tables / "turned.csv", ["1", "2"], "edcba", np.zeros((2, 5)))
    assert main(["decide", str(tables / "turned.csv"), "--with", str(way), "--out", str(out)]) == 1
    assert "where the fitted way has a" in capsys.readouterr().err


def test_with_takes_other_bounds_and_refuses_another_way(tables, capsys):
    way, out = tables / "way.json", tables / "out.npy"
    assert of_tables(tables, "labels.csv", "--way", "expected_f", "--save", str(way)) == 0
    command = ["decide", str(tables / "scores.csv"), "--with", str(way), "--out", str(out)]
    assert main([*command, "--most", "1", "--beta", "3"]) == 0
    assert np.load(out).sum(axis=1).max() == 1
    assert main([*command, "--way", "mcut"]) == 1
    assert "--with applies the way that was saved, expected_f. Received: mcut" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--least", "3", "--most", "2"], "most must not be below least"),
        (["--k", "2", "--least", "4"], "k must not be below least"),
        (["--k", "2147483648"], "k must be at most 2147483647"),
        (["--least", "2147483648"], "least must be at most 2147483647"),
        (["--most", "99999999999999999999"], "most must be at most 2147483647"),
        (["--way", "true_quantity"], "must do without the true quantity"),
        (["--out", "out.txt"], "--out must be a .csv or .npy file"),
        (["--fit-labels", "x.npy"], "--fit-labels and --fit-quantity need --fit-scores"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(files, capsys, options, message):
    assert run(files, *options) == 1
    assert message in capsys.readouterr().err


def test_more_labels_than_there_are_can_be_asked_for(files):
    quantity, out = str(files / "quantity.npy"), files / "out.npy"
    for way in ("posterior_mode", "posterior_f", "predicted_quantity"):
        options = [
            "--quantity",
            quantity,
            "--least",
            "7",
            "--way",
            way,
            "--out",
            str(out),
            "--bootstrap",
            "0",
        ]
        assert run(files, *options) == 0
        assert np.load(out).all()


@pytest.mark.parametrize("option", ["--out", "--save"])
def test_no_folder_and_no_pipe_is_replaced(files, capsys, option):
    (files / "folder.csv").mkdir()
    (files / "folder.csv" / "kept.txt").write_text("kept")
    os.mkfifo(files / "pipe.csv")
    for name in ("folder.csv", "pipe.csv"):
        assert run(files, option, str(files / name)) == 1
        assert f"{option} must be a " in capsys.readouterr().err
    assert (files / "folder.csv" / "kept.txt").read_text() == "kept" and (files / "pipe.csv").is_fifo()


def test_a_linked_file_is_written_where_it_lies(files, capsys):
    (files / "link.json").symlink_to("real.json")
    assert run(files, "--way", "top_k", "--save", str(files / "link.json"), "--bootstrap", "0") == 0
    assert (files / "link.json").is_symlink()
    assert FittedWay.load(files / "real.json").way.name == "top_k"


def test_an_output_that_cannot_be_written_is_told_before_the_work(files, capsys):
    """And not after the other one is written."""
    (files / "file").touch()
    options = ["--save", str(files / "way.json"), "--out", str(files / "file" / "out.csv")]
    assert run(files, *options) == 1
    assert f"{files / 'file' / 'out.csv'}: Not a directory" in capsys.readouterr().err
    assert not (files / "way.json").exists()


def without(tables, name, rows, columns, values):
    """A CSV file whose images or labels have no names: None."""
    head = [",".join(["image_id", *columns] if rows else columns)] if columns else []
    lines = [
        ",".join([*([rows[place]] if rows else []), *map(str, line)]) for place, line in enumerate(values)
    ]
    (tables / name).write_text("\n".join([*head, *lines]) + "\n")
    return str(tables / name)


@pytest.fixture
def parts(tables):
    """Files of the first 200 images and of the others: with names of labels, turned, and without."""
    scores, labels = np.load(tables / "scores.npy"), np.load(tables / "labels.npy").astype(int)
    for part, rows in (("fit", slice(0, 200)), ("new", slice(200, None))):
        for kind, values in (("scores", scores), ("labels", labels)):
            without(tables, f"{part}_{kind}.csv", None, None, values[rows].tolist())
            without(tables, f"{part}_{kind}_abcde.csv", None, "abcde", values[rows].tolist())
            without(tables, f"{part}_{kind}_edcba.csv", None, "edcba", values[rows].tolist())
    return tables


def test_names_in_the_labels_alone_are_those_of_the_way(parts, capsys):
    command = [str(parts / "fit_scores.csv"), str(parts / "fit_labels_abcde.csv")]
    way, out = str(parts / "way.json"), parts / "out.csv"
    options = ["--way", "half_best_f", "--bootstrap", "0", "--names", "labels"]
    assert main(["decide", *command, "--save", way, "--out", str(out), *options[:4]]) == 0
    assert FittedWay.load(way).labels == tuple("abcde")
    assert out.read_text().startswith("a,b,c,d,e\n")
    turned = str(parts / "new_scores_edcba.csv")
    assert main(["decide", turned, "--with", way, "--out", str(out)]) == 1
    assert "labels must have the same names in the same order" in capsys.readouterr().err


@pytest.mark.parametrize("first", ["scores", "labels", "fit_scores", "fit_labels"])
@pytest.mark.parametrize("other", ["scores", "labels", "fit_scores", "fit_labels"])
def test_names_of_labels_are_compared_in_all_files(parts, capsys, first, other):
    """Wherever two of the four files have names."""
    if first == other:
        return

    def file(kind):
        part, what = ("fit", kind.removeprefix("fit_")) if kind.startswith("fit_") else ("new", kind)
        ending = {first: "_abcde", other: "_edcba"}.get(kind, "")
        return str(parts / f"{part}_{what}{ending}.csv")

    command = [file("scores"), file("labels"), "--fit-scores", file("fit_scores")]
    command += ["--fit-labels", file("fit_labels"), "--bootstrap", "0"]
    assert main(["decide", *command]) == 1
    assert "labels must have the same names in the same order" in capsys.readouterr().err


def test_names_of_images_are_compared_in_all_files(tables, capsys):
    scores = np.load(tables / "scores.npy")
    rows = [f"{number}.jpg" for number in range(len(scores))]
    labels = without(tables, "l.csv", rows, None, np.load(tables / "labels.npy").astype(int).tolist())
    quantity = without(tables, "q.csv", rows[::-1], None, scores.sum(axis=1, keepdims=True).tolist())
    assert (
        main(["decide", str(tables / "scores.npy"), labels, "--quantity", quantity, "--bootstrap", "0"]) == 1
    )
    assert "images must have the same names in the same order" in capsys.readouterr().err
    out = tables / "out.csv"
    command = ["decide", str(tables / "scores.npy"), labels, "--out", str(out), "--bootstrap", "0"]
    assert main(command) == 0
    assert [line.split(",")[0] for line in out.read_text().splitlines()] == rows


def test_several_rows_of_an_image_are_told(tables, capsys):
    values = np.load(tables / "labels.npy").astype(int)
    labels = without(tables, "l.csv", ["a.jpg"] * len(values), None, values.tolist())
    assert main(["decide", str(tables / "scores.npy"), labels, "--bootstrap", "0"]) == 0
    assert "note: several rows are of one image: a.jpg" in capsys.readouterr().err


def test_fitting_on_what_is_scored_is_told(files, capsys):
    fitted = ["--fit-scores", str(files / "scores.npy"), "--fit-labels", str(files / "labels.npy")]
    assert run(files, *fitted, "--bootstrap", "0") == 0
    assert "note: ways are fitted on the images that they are scored on" in capsys.readouterr().err


def test_the_papers_way_has_two_names(files, capsys):
    options = ["--quantity", str(files / "quantity.npy"), "--way", "paper", "--bootstrap", "0"]
    assert run(files, *options, "--save", str(files / "way.json")) == 0
    assert FittedWay.load(files / "way.json").way.name == "predicted_quantity"


@pytest.mark.parametrize("options", [["--way", "one_threshold"], ["--k", "3"]])
def test_with_says_how_to_fit_another_way(files, capsys, options):
    way, out = str(files / "way.json"), str(files / "out.npy")
    assert run(files, "--way", "mcut", "--save", way, "--bootstrap", "0") == 0
    assert main(["decide", str(files / "scores.npy"), "--with", way, "--out", out, *options]) == 1
    error = capsys.readouterr().err
    assert "--with applies the way that was saved, mcut" in error
    assert "mmannot decide SCORES LABELS --way" in error and "export" not in error


def test_a_saved_most_is_not_overruled_in_silence(files, capsys):
    way, out = str(files / "way.json"), files / "out.npy"
    assert run(files, "--way", "one_threshold", "--most", "3", "--save", way, "--bootstrap", "0") == 0
    command = ["decide", str(files / "scores.npy"), "--with", way, "--out", str(out), "--least", "5"]
    assert main(command) == 1
    assert "most, which is 3 in the fitted way. Received: 5." in capsys.readouterr().err
    assert main([*command, "--most", "5"]) == 0
    assert np.load(out).all()


@pytest.mark.parametrize("seed", ["0", "3"])
@pytest.mark.parametrize(("beyond", "are_probabilities"), [(1.0000001, True), (1.5, False)])
def test_whether_scores_are_probabilities_is_decided_on_all_images(
    files, capsys, seed, beyond, are_probabilities
):
    """Image 0 is fitted on with one of the seeds, and scored with the other."""
    scores = np.load(files / "scores.npy")
    scores[0, 0] = beyond
    np.save(files / "scores.npy", scores)
    way = str(files / "way.json")
    assert run(files, "--seed", seed, "--way", "expected_f", "--save", way, "--bootstrap", "0") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert ("the scores are no probabilities" in printed) is not are_probabilities
    assert FittedWay.load(way).on_probabilities is are_probabilities


def test_scores_of_two_scales_are_told_before_the_work(files, capsys):
    scores = np.load(files / "scores.npy")
    scores[7, 2] = 1.5
    np.save(files / "new.npy", scores)
    fitted = ["--fit-scores", str(files / "scores.npy"), "--fit-labels", str(files / "labels.npy")]
    assert main(["decide", str(files / "new.npy"), str(files / "labels.npy"), *fitted]) == 1
    captured = capsys.readouterr()
    assert "Received: 1.5 in row 8, column 3" in captured.err and not captured.out


def test_a_saved_true_quantity_cannot_be_applied(files, capsys):
    scores, labels = np.load(files / "scores.npy"), np.load(files / "labels.npy")
    truth = Scores(scores, None, labels.sum(axis=1))
    FittedWay.fit(way_named("true_quantity"), truth, labels).save(files / "way.json")
    command = ["decide", str(files / "scores.npy"), "--with", str(files / "way.json")]
    assert main([*command, "--out", str(files / "out.npy")]) == 1
    assert "must do without the true quantity. Received: true_quantity" in capsys.readouterr().err
