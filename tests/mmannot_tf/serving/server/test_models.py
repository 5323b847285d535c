"""Several models in one server: each under its name, the forms with the first."""

from dataclasses import replace

import pytest
import served

from mmannot_tf.serving.server.served_model import ServedModel


@pytest.fixture
def client(serve):
    plain = served.annotator()
    other = served.Annotator(replace(plain.model, labels=("one", "two", "three")), None)
    other.engine = served.BrightnessEngine()
    other.engine.name = "other"
    return serve(plain, others=[ServedModel("numbers", other)]).client


@pytest.mark.parametrize(("name", "label"), [("photos", "sky"), ("numbers", "one")])
def test_each_answers_under_its_name(client, photo, b64, name, label):
    body = {"instances": [{"image": b64(photo()), "tags": ""}]}
    answer = client.post(f"/v1/models/{name}:predict", json=body)
    assert answer.json()["predictions"][0]["annotations"] == [label, "", ""]
    assert client.get(f"/v1/models/{name}").status_code == 200
    assert client.get(f"/v1/models/{name}/metadata").json()["model_spec"]["name"] == name


def test_the_forms_use_the_first(client, photo):
    (result,) = client.post("/annotate", files={"images": photo()}).json()["results"]
    assert [label["label"] for label in result["annotations"]] == ["sky"]
    assert client.get("/decisions").json()["labels"] == ["sky", "sea", "person"]


def test_other_names_are_not_found(client):
    assert client.get("/v1/models/mmannot").status_code == 404


def test_each_has_its_own_metrics(client, photo, b64):
    body = {"instances": [{"image": b64(photo()), "tags": ""}] * 2}
    client.post("/v1/models/numbers:predict", json=body)
    text = client.get("/metrics").text
    assert 'mmannot_images_total{engine="other",model="numbers"} 2.0' in text
    assert 'mmannot_images_total{engine="brightness",model="photos"} 0.0' in text
    assert 'version="3"} 1.0' in text


def test_openapi_names_both(client):
    document = client.get("/openapi.json").json()
    assert document["components"]["parameters"]["name"]["schema"]["enum"] == ["photos", "numbers"]
