"""How many labels, as a request asks for it: the signature `decide`, forms, and `/decide`."""

from dataclasses import replace

import numpy as np
import pytest
import served

from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.override import Override
from mmannot_tf.decisions.way import Options, Scores
from mmannot_tf.serving.annotating.annotator import Annotator, open_annotator
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.engines.catalogue import ENGINES
from mmannot_tf.serving.engines.selection import EngineOptions

PREDICT = "/v1/models/photos:predict"


def names(answer):
    """The labels of each result of a form."""
    return [[label["label"] for label in result["annotations"]] for result in answer.json()["results"]]


@pytest.fixture
def fitted(serve, tmp_path):
    """A server whose model has every way, other ones for images without tags, and an option of its own."""
    rng = np.random.default_rng(0)
    probabilities = rng.random((200, 3)).astype(np.float32)
    labels = rng.random(probabilities.shape) < probabilities
    scores = Scores(probabilities, labels.sum(axis=1).astype(np.float32))
    tagged = FittedWays.fit("one_threshold", scores, labels, Options(), "platt")
    untagged = FittedWays.fit("one_threshold", scores, labels, Options(beta=5.0), "platt")
    annotator = served.annotator(path=tmp_path / "3")
    model = replace(annotator.model, decisions=Decisions(tagged, untagged))
    engine = served.BrightnessEngine()
    return serve(Annotator(model, lambda _: engine, Override(most=2))).client


def test_the_signature_takes_what_the_request_sets(client, photo, b64):
    def decide(**inputs):
        body = {"signature_name": "decide", "inputs": {"image": [b64(photo())], "tags": [""], **inputs}}
        answer = client.post(PREDICT, json=body)
        assert answer.status_code == 200, answer.text
        outputs = answer.json()["outputs"]
        assert outputs["calibrated"] == outputs["probabilities"] == [[1.0, 0.5, 0.25]]
        return [name for name in outputs["annotations"][0] if name]

    assert decide() == decide(decision="", k=-1, least=-1, most=-1) == ["sky"]
    assert decide(k=2) == decide(decision="top_k", k=2) == ["sky", "sea"]
    assert decide(threshold=0.2) == ["sky", "sea", "person"]
    assert decide(threshold=0.2, most=1) == ["sky"]
    assert decide(decision="paper", least=3) == ["sky", "sea", "person"]


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": {"k": [3]}},
        {"inputs": {"decision": ["mcut"]}},
        {"instances": [{"k": 3}]},
    ],
)
def test_images_of_a_request_have_no_values_of_their_own(client, photo, b64, body):
    (kind, value), image = next(iter(body.items())), b64(photo())
    whole = {**value, "image": [image]} if kind == "inputs" else [{**value[0], "image": image}]
    answer = client.post(PREDICT, json={"signature_name": "decide", kind: whole})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert "must be one value for all images of the request, in inputs; rows cannot" in error
    assert error.endswith(("Received: [3].", "Received: ['mcut']."))


def test_the_least_of_the_server_holds_for_every_way(serve, photo, tmp_path):
    annotator = served.annotator(path=tmp_path / "3")
    client = serve(Annotator(annotator.model, lambda _: served.BrightnessEngine(), Override(least=2))).client
    for query in ("k=1", "decision=top_k", "threshold=0.9"):
        answer = client.post(f"/annotate?{query}", files=[("images", photo())])
        assert len(names(answer)[0]) == (3 if query == "decision=top_k" else 2), query
    answer = client.post("/annotate?most=1", files=[("images", photo())])
    assert answer.json()["error"] == "most must not be below least, 2 here. Received: 1."


def test_a_form_takes_it_as_its_query(client, photo):
    files = [("images", photo()), ("images", photo(100))]
    assert names(client.post("/annotate", files=files)) == [["sky"], ["sky"]]
    assert names(client.post("/annotate?k=2", files=files)) == [["sky", "sea"]] * 2
    answer = client.post("/annotate?threshold=0.3&least=0", files=files)
    assert names(answer) == [["sky", "sea"], ["sky"]]
    assert answer.json()["probabilities"] == "uncalibrated"
    assert names(client.post("/annotate?decision=paper&most=0", files=files)) == [[], []]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("decision=magic", "must be one of top_k, "),
        ("k=two", "k must be a whole number"),
        ("k=2.5", "k must be a whole number"),
        ("k=-3", "k must be a whole number, 0 or more"),
        ("least=3&most=1", "most must not be below least"),
        ("threshold=nan", "threshold must be a number"),
        ("beta=inf", "beta must be a number"),
        ("beta=2", "needs a way that maximises an expected F"),
        ("decision=mcut&k=2", "k belongs to top_k alone"),
        ("desicion=mcut", "The query must have ranking, decision, "),
        ("k=1&k=2", "each at most once"),
        ("k=1_0", "k must be a whole number"),
        ("k=%D9%A3", "k must be a whole number"),
    ],
)
def test_what_cannot_be_is_refused(client, photo, query, message):
    answer = client.post(f"/annotate?{query}", files=[("images", photo())])
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_results_are_decided_again_without_their_photographs(fitted, photo):
    files = [("images", photo(value)) for value in (255, 180, 90, 30)]
    form = {"tags": ["beach", "", "beach", ""]}
    answer = fitted.post("/annotate?ranking=9", files=files, data=form).json()["results"]
    assert [result["known_tags"] for result in answer] == [1, 0, 1, 0]
    results = [
        {name: result[name] for name in ("ranking", "predicted_quantity", "known_tags")} for result in answer
    ]
    for asked in (
        {"decision": "expected_f", "beta": 0.5},
        {"decision": "expected_f", "beta": 4, "most": 2},
        {"decision": "one_threshold"},
        {"threshold": 0.4, "least": 1},
        {"decision": "posterior_mode"},
        {"k": 2},
    ):
        again = fitted.post("/decide", json={"results": results, **asked})
        assert again.status_code == 200, again.text
        whole = fitted.post("/annotate", files=files, data=form, params=asked)
        assert again.json()["annotations"] == names(whole), asked
    differ = fitted.post(
        "/annotate?decision=one_threshold", files=[("images", photo(90))] * 2, data={"tags": ["beach", ""]}
    )
    first, second = names(differ)
    assert len(first) < len(second)  # images without tags have ways of their own


def test_the_servers_own_options_hold_where_a_request_sets_none(fitted, photo):
    files = [("images", photo())]
    assert len(names(fitted.post("/annotate?k=3", files=files))[0]) == 2
    assert len(names(fitted.post("/annotate?k=3&most=3", files=files))[0]) == 3
    assert len(names(fitted.post("/annotate", files=files))[0]) <= 2
    result = fitted.post("/annotate?ranking=3", files=files).json()["results"][0]
    assert len(fitted.post("/decide", json={"results": [result]}).json()["annotations"][0]) <= 2


def test_the_ways_are_listed(client, fitted):
    answer = client.get("/decisions").json()
    assert answer["defaults"] == {"tagged": "predicted_quantity"}
    assert [way["name"] for way in answer["ways"]] == ["top_k", "predicted_quantity", "mcut", "one_threshold"]
    assert answer["ways"][0]["parameters"] == {"least": None, "most": None, "k": 3}
    ways = {way["name"]: way for way in fitted.get("/decisions").json()["ways"]}
    assert ways["expected_f"]["calibrated"] == "platt"
    assert ways["expected_f"]["parameters"] == {"least": 1, "most": 2, "beta": 1.0}
    assert "true_quantity" not in ways


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"results": []},
        {"results": [1]},
        {"results": [{}]},
        {"results": [{"ranking": []}]},
        {"results": [{"ranking": [{"label": "sky", "probability": 0.5}] * 3}]},
        {"results": [{"ranking": [{"label": name, "probability": None} for name in served.LABELS]}]},
        {"results": [{"ranking": [{"label": name, "probability": 2} for name in served.LABELS]}]},
        {"results": [{"ranking": [{"label": [], "probability": 0.5} for _ in served.LABELS]}]},
        {"results": [], "magic": 1},
        {
            "results": [
                {
                    "ranking": [{"label": name, "probability": 0.5} for name in served.LABELS],
                    "predicted_quantity": "many",
                }
            ]
        },
    ],
)
def test_other_bodies_are_refused_in_one_line(client, body):
    answer = client.post("/decide", json=body)
    assert answer.status_code == 400
    assert "\n" not in answer.json()["error"]


def test_a_model_of_before_has_no_ways(serve, photo, tmp_path):
    annotator = served.annotator(path=tmp_path / "3")
    engine = served.BrightnessEngine()
    client = serve(Annotator(replace(annotator.model, decisions=None), lambda _: engine)).client
    assert client.get("/decisions").json()["ways"] == []
    assert client.post("/annotate", files=[("images", photo())]).status_code == 200
    assert "earlier version" in client.post("/annotate?k=2", files=[("images", photo())]).json()["error"]
    answer = client.post(PREDICT, json={"signature_name": "decide", "instances": [{"image": "", "tags": ""}]})
    assert "signature_name must be one of" in answer.json()["error"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_decides_over_http(exported, scenes, serve, b64, engine):
    annotator = open_annotator(exported, EngineOptions(engine), log=print)
    files = [file.read_bytes() for file in sorted(scenes)[:3]]
    outputs = annotator.run(annotator.inputs([annotator.decode(file) for file in files], [""] * 3))
    client = serve(annotator).client
    for asked in ({"k": 2}, {"threshold": 0.2, "least": 1}, {"decision": "mcut", "most": 3}, {"least": 4}):
        override = Override(**asked)
        decided = annotator.model.decisions.select(outputs, np.zeros(3, bool), override)
        expected = [
            [annotator.model.labels[label] for label in decided.selected_labels(row)] for row in range(3)
        ]
        form = [("images", file) for file in files]
        assert names(client.post("/annotate", params=asked, files=form)) == expected
        inputs = {"image": [b64(file) for file in files], **asked}
        body = {"signature_name": "decide", "inputs": inputs}
        answer = client.post("/v1/models/photos:predict", json=body).json()["outputs"]["annotations"]
        assert [[name for name in row if name] for row in answer] == expected
