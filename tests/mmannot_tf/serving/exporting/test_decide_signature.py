"""The signature `decide` of a SavedModel, and the same overrides in numpy on every engine's outputs."""

import json
import shutil
from dataclasses import asdict, astuple, replace

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tiers import exhaustive

import mmannot_tf
from mmannot_tf.cli.main import main
from mmannot_tf.decisions.override import Override
from mmannot_tf.evaluation.metrics import annotation_scores
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.scorer_ways import choose_ways
from mmannot_tf.runs.run import open_run
from mmannot_tf.serving.annotating.annotator import open_annotator
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.engines.catalogue import ENGINES
from mmannot_tf.serving.engines.selection import EngineOptions
from mmannot_tf.serving.exporting.decision_requests import DecisionRequest
from mmannot_tf.serving.exporting.export import export
from mmannot_tf.serving.exporting.model_card import model_card
from mmannot_tf.serving.model import open_model
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.training.inference.predict import predict
from mmannot_tf.training.session import open_session
from mmannot_tf.workflows.annotating import with_fitted_ways
from mmannot_tf.workflows.evaluation import choose_ways_of_run, predicted_split, write_scores
from tfrecords_tools.shell.errors import UserError

pytestmark = pytest.mark.slow

METADATA = {
    "image_size": 32,
    "orientation": "exif",
    "resize": "tf1",
    "formats": {},
    "tolerance": 1e-4,
    "digest": "0",
    "versions": {},
}

PLAIN = [
    Override(),
    Override("paper", most=1),
    Override(k=4),
    Override("top_k", least=5),
    Override(threshold=0.3),
    Override("one_threshold", threshold=0.3, least=1, most=2),
    Override("mcut"),
    Override(least=2),
]
FITTED = [
    *PLAIN,
    Override("one_threshold"),
    Override("label_thresholds_class_f", least=1),
    Override("likeliest_quantity", least=0),
    Override("expected_quantity", most=2),
    Override("expected_f", beta=2.0),
    Override("expected_f", beta=0.5, least=0, most=3),
    Override("posterior_mode", least=0),
    Override("posterior_f", beta=1.5),
    Override("proportional_odds", beta=0.7, most=4),
]


@pytest.fixture(scope="module")
def run(tiny_run):
    settings = tiny_run.config.evaluation.model_copy(update={"untagged": "visual"})
    return replace(tiny_run, config=tiny_run.config.model_copy(update={"evaluation": settings}))


@pytest.fixture(scope="module")
def fitted(run, tiny_run, tiny_records, tmp_path_factory):
    """An export with every way, and heads of their own for images without tags."""
    predict(open_session(tiny_run, tiny_records.path), "validation")
    predictions = Predictions.load(tiny_run.predictions("validation"))
    known_tags = np.arange(len(predictions.ids), dtype=np.int32) % 2
    ways = choose_ways("posterior_f", replace(predictions, known_tags=known_tags), run.config.evaluation)
    return export(run, tmp_path_factory.mktemp("fitted") / "export", ways=ways)


@pytest.fixture(scope="module")
def plain(exported):
    return exported


def asked(override):
    """An override as the signature's inputs."""
    values = {name: value for name, value in asdict(override).items() if value is not None}
    return DecisionRequest.unchanged()._replace(
        **{name: tf.constant(value) for name, value in values.items()}
    )


@pytest.fixture(scope="module")
def inputs(scenes, tiny_run):
    """Photographs, every other one with two tags."""
    files = sorted(scenes)[:6]
    tags = [", ".join(tiny_run.dataset.tags[:2]) if number % 2 else "" for number in range(len(files))]
    return {"image": tf.constant([file.read_bytes() for file in files]), "tags": tf.constant(tags)}, tags


@pytest.fixture(scope="module")
def decide(exported):
    """The signature of the loaded SavedModel."""
    loaded = tf.saved_model.load(str(exported))
    yield loaded.signatures["decide"]
    del loaded


@pytest.mark.parametrize("kind", ["plain", *exhaustive(["fitted"])])
def test_the_signature_decides_as_numpy(kind, inputs, request):
    folder = request.getfixturevalue(kind)
    model, (images, tags) = open_model(folder), inputs
    served = tf.saved_model.load(str(folder)).signatures
    tagged = np.array([text != "" for text in tags])
    for override in PLAIN if kind == "plain" else FITTED:
        answer = served["decide"](**images, **asked(override)._asdict())
        if override == Override():
            expected = served["serving_default"](**images)["annotations"].numpy()
            np.testing.assert_array_equal(answer["annotations"].numpy(), expected)
            continue
        probabilities = answer["probabilities"].numpy()
        order = np.argsort(-probabilities, axis=1, kind="stable").astype(np.int32)
        outputs = NetworkOutputs(
            probabilities, answer["predicted_quantity"].numpy(), np.zeros(order.shape, bool), order
        )
        decided = model.decisions.select(outputs, tagged, override)
        for row, names in enumerate(answer["annotations"].numpy()):
            expected = [model.labels[label] for label in decided.selected_labels(row)]
            assert [name.decode() for name in names if name] == expected, override
        calibrated = model.decisions.calibrated(outputs, tagged, override)
        np.testing.assert_allclose(answer["calibrated"], calibrated, atol=1e-6)


def test_what_a_request_leaves_out_is_the_default(exported):
    graph = SavedModel.FromString((exported / "saved_model.pb").read_bytes()).meta_graphs[0]
    defaults = graph.signature_def["decide"].defaults
    for name, value in DecisionRequest.unchanged()._asdict().items():
        assert defaults[name] == tf.make_tensor_proto(value)
    assert "image" not in defaults


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ({"decision": "magic"}, "decision must be one of"),
        ({"decision": "expected_f"}, "decision must be one of"),
        ({"k": -2}, "k must be at least 0"),
        ({"k": 2, "least": 5}, "k must not be below least"),
        ({"threshold": 2.0}, "threshold must be a probability"),
        ({"threshold": -1.0}, "threshold must be a probability"),
        ({"threshold": float("inf")}, "threshold must be a probability"),
        ({"least": 3, "most": 2}, "most must be at least least"),
        ({"beta": 1000.0}, "beta must be from"),
        ({"beta": 2.0}, "beta needs a way"),
        ({"k": 2, "decision": "mcut"}, "k belongs to top_k alone"),
    ],
)
def test_the_graph_refuses_what_cannot_be(decide, inputs, override, message):
    request = DecisionRequest.unchanged()._replace(
        **{name: tf.constant(value) for name, value in override.items()}
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decide(**inputs[0], **request._asdict())


@pytest.mark.exhaustive
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_annotates_as_asked(exported, scenes, engine):
    override, photographs = Override(k=2), sorted(scenes)[:3]
    annotator = open_annotator(exported, EngineOptions(engine))
    pixels = [annotator.decode(file.read_bytes()) for file in photographs]
    annotations = annotator.annotate(pixels, [""] * 3, ["a", "b", "c"], override)
    outputs = annotator.run(annotator.inputs(pixels, [""] * 3))
    for row, annotation in enumerate(annotations):
        best = np.argsort(-outputs.probabilities[row], kind="stable")[:2]
        assert [name for name, _ in annotation.labels] == [annotator.model.labels[label] for label in best]


def test_annotate_takes_the_same_options(exported, scenes, tmp_path, capsys):
    photograph, out = str(sorted(scenes)[0]), tmp_path / "labels.jsonl"
    assert main(["annotate", str(exported), photograph, "--k", "2", "--out", str(out)]) == 0
    assert out.read_text().count('"probability"') == 2
    assert main(["annotate", str(exported), photograph, "--k", "3", "--out", str(out)]) == 1
    assert "the same model, and decided the same way" in capsys.readouterr().err
    assert main(["annotate", str(exported), photograph, "--k", "2", "--out", str(out)]) == 0
    assert out.read_text().count('"probability"') == 2  # this one was annotated already
    assert main(["annotate", str(exported), photograph, "--decide", "expected_f"]) == 1
    assert "`mmannot export --decide best` fits all ways" in capsys.readouterr().err
    assert main(["annotate", str(exported), photograph, "--decide", "best"]) == 1
    assert "best is chosen when a run is exported" in capsys.readouterr().err
    assert main(["annotate", str(exported), photograph, "--favour", "recall"]) == 1
    assert "beta (also as --favour) needs a way" in capsys.readouterr().err


@pytest.mark.exhaustive
def test_a_run_fits_the_ways_that_it_is_asked_for(tiny_run, tiny_records, scenes, capsys):
    photograph = str(sorted(scenes)[0])
    for option in (["--decide", "best"], ["--decide", "expected_f"], ["--favour", "recall"]):
        assert main(["annotate", str(tiny_run.path), photograph, *option, "--most", "3", "--json"]) == 0
        assert capsys.readouterr().out.count('"probability"') <= 3


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["one_threshold", "label_thresholds_image_f", "half_best_f"])
def test_a_run_decides_as_the_export_of_it(tiny_run, tiny_records, scenes, tmp_path, capsys, name):
    """For `annotate` and `serve`, with the same --decide."""
    ways = choose_ways_of_run(tiny_run.path, name)
    exported = export(tiny_run, tmp_path / "export", ways=ways)
    assert open_model(exported).decisions.tagged.decider == ways.tagged.fitted
    model, override = with_fitted_ways(open_model(tiny_run.path), Override(name))
    assert model.decisions.tagged.under(override) == ways.tagged.fitted
    answers = []
    for folder in (tiny_run.path, exported):
        files = [str(file) for file in sorted(scenes)]
        assert main(["annotate", str(folder), *files, "--decide", name, "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        answers.append(
            [[label["label"] for label in result["annotations"]] for result in document["photographs"]]
        )
    assert answers[0] == answers[1] and any(answers[0])


def test_a_run_fits_nothing_where_the_request_says_it_all(tiny_run):
    for override in (
        Override("one_threshold", threshold=0.3),
        Override(k=2),
        Override("paper"),
        Override("mcut"),
    ):
        model = open_model(tiny_run.path)
        assert with_fitted_ways(model, override) == (model, override)


def test_a_run_refuses_a_beta_that_a_way_has_no_use_for(tiny_run, scenes, capsys):
    photograph = str(sorted(scenes)[0])
    for way in ("likeliest_quantity", "half_best_f", "top_k"):
        command = ["annotate", str(tiny_run.path), photograph, "--decide", way, "--beta", "2"]
        assert main(command) == 1
        assert "beta (also as --favour) needs " in capsys.readouterr().err


@pytest.mark.exhaustive
def test_a_loaded_model_takes_an_override_and_no_name(exported, scenes):
    with pytest.raises(UserError, match=r"decide must be an Override, .* Received: 'expected_f'"):
        mmannot_tf.load(exported).annotate([sorted(scenes)[0]], decide="expected_f")


def test_an_export_of_before_says_so(exported):
    model = replace(open_model(exported), decisions=None)
    from mmannot_tf.serving.annotating.annotator import Annotator

    with pytest.raises(UserError, match=r"of an earlier version\. Export the run again"):
        Annotator(model, lambda probe: None, Override(k=2))
    Annotator(model, lambda probe: None)


@pytest.mark.exhaustive
def test_an_export_keeps_its_ways(fitted):
    decisions = open_model(fitted).decisions
    assert Decisions.load(fitted, decisions.defaults) == decisions
    assert decisions.defaults == {"tagged": "posterior_f", "untagged": "posterior_f"}
    card = (fitted / "README.md").read_text()
    assert "`expected_f`" in card
    assert "`calibrated` is, where the way needs probabilities" in card


@pytest.mark.exhaustive
def test_the_card_has_the_scores_of_the_way_that_decides(tiny_run, tiny_records, tmp_path):
    run = open_run(shutil.copytree(tiny_run.path, tmp_path / "run"))
    predicted = predicted_split(run.path, "test", tiny_records.path)
    write_scores(run.path, predicted.evaluate(bootstrap=0))
    ways = choose_ways("one_threshold", predicted.chosen_on, run.config.evaluation)
    card = model_card(run, METADATA, Decisions.of(ways), ways, parameters=1)
    threshold = ways.tagged.fitted.way.threshold
    scores = predicted.predictions.probabilities["classifier"]
    expected = annotation_scores(scores > np.float32(threshold), predicted.predictions.labels)
    cells = " | ".join(f"{value:.1f}" for value in astuple(expected))
    assert f"| {cells} |" in card
    assert "by `one_threshold`." in card
