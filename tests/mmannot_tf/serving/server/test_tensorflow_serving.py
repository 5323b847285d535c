"""TensorFlow Serving's requests, as its documentation writes them, by a plain HTTP client."""

from dataclasses import replace

import numpy as np
import pytest
import served

from mmannot_tf.serving.server import tensorflow_serving

PREDICT = "/v1/models/photos:predict"


def test_status_is_as_tensorflow_serving_says_it(client):
    expected = {
        "model_version_status": [
            {
                "version": "3",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }
    for path in ("/v1/models/photos", "/v1/models/photos/versions/3"):
        assert client.get(path).json() == expected


def test_metadata_names_the_signatures(client):
    document = client.get("/v1/models/photos/metadata").json()
    assert document["model_spec"] == {"name": "photos", "signature_name": "", "version": "3"}
    signature = document["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["image"]["dtype"] == "DT_STRING"
    assert signature["outputs"]["probabilities"]["tensor_shape"]["dim"][1]["size"] == "3"
    assert signature["method_name"] == "tensorflow/serving/predict"


@pytest.mark.parametrize("path", [PREDICT, "/v1/models/photos/versions/3:predict"])
def test_rows(client, path, photo, b64):
    instances = [
        {"image": b64(photo(255)), "tags": "Beach, unknown"},
        {"image": b64(photo(0)), "tags": ""},
    ]
    answer = client.post(path, json={"signature_name": "serving_default", "instances": instances})
    assert answer.status_code == 200
    first, second = answer.json()["predictions"]
    assert first == {
        "probabilities": [1.0, 0.5, 0.25],
        "predicted_quantity": 2.0,
        "annotations": ["sky", "sea", ""],
        "scores": [1.0, 0.5, 0.25],
    }
    assert second["annotations"] == ["sky", "", ""]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_quantity_that_is_no_number_is_null(serve, photo, b64, value):
    """JSON has no NaN and no infinity. The engine has selected its labels before."""

    class Engine(served.BrightnessEngine):
        def __call__(self, inputs):
            outputs = super().__call__(inputs)
            return replace(outputs, predicted_quantity=np.full(len(inputs), value, np.float32))

    client = serve(served.annotator(Engine())).client
    answer = client.post(PREDICT, json={"instances": [{"image": b64(photo()), "tags": ""}]})
    assert (answer.status_code, answer.json()["predictions"][0]["predicted_quantity"]) == (200, None)
    assert answer.json()["predictions"][0]["annotations"] == ["sky", "", ""]
    answer = client.post("/annotate", files={"images": photo()})
    (result,) = answer.json()["results"]
    assert (answer.status_code, result["predicted_quantity"]) == (200, None)
    assert [label["label"] for label in result["annotations"]] == ["sky"]


def test_columns(client, photo, b64):
    inputs = {"image": [b64(photo()), b64(photo(form="JPEG"))], "tags": ["beach, CAFÉ", ""]}
    outputs = client.post(PREDICT, json={"inputs": inputs}).json()["outputs"]
    assert outputs["predicted_quantity"] == [3.0, 1.0]
    assert outputs["annotations"] == [["sky", "sea", "person"], ["sky", "", ""]]


def test_quantities_that_the_caller_gives(client, photo, b64):
    instances = [{"image": b64(photo()), "tags": "", "quantity": number} for number in (0, 2)]
    body = {"signature_name": "given_quantity", "instances": instances}
    rows = client.post(PREDICT, json=body).json()["predictions"]
    assert [row["annotations"] for row in rows] == [["", "", ""], ["sky", "sea", ""]]


def test_top_k_is_for_the_whole_request(client, photo, b64):
    inputs = {"image": [b64(photo())], "tags": [""], "k": 2}
    body = {"signature_name": "top_k", "inputs": inputs}
    assert client.post(PREDICT, json=body).json() == {
        "outputs": {"annotations": [["sky", "sea"]], "scores": [[1.0, 0.5]]}
    }


def test_decoded_pixels(client):
    pixels = np.full((5, 9, 3), 255).tolist()
    body = {"signature_name": "decoded", "instances": [{"image": pixels, "tags": ""}]}
    (row,) = client.post(PREDICT, json=body).json()["predictions"]
    assert row["probabilities"] == [1.0, 0.5, 0.25]


def test_the_network_alone(client):
    inputs = {"image": np.full((1, 8, 8, 3), 255.0).tolist(), "tag_lists": [[0, -1]]}
    outputs = client.post(PREDICT, json={"signature_name": "network", "inputs": inputs}).json()["outputs"]
    assert outputs["selected"] == [[True, True, False]]
    assert outputs["order"] == [[0, 1, 2]]


def test_a_model_without_tags_takes_padding(serve):
    annotator = served.annotator()
    annotator = served.Annotator(replace(annotator.model, tags=()), lambda _: served.BrightnessEngine())
    inputs = {"image": np.full((1, 8, 8, 3), 255.0).tolist(), "tag_lists": [[-1]]}
    answer = serve(annotator).client.post(PREDICT, json={"signature_name": "network", "inputs": inputs})
    assert answer.json()["outputs"]["selected"] == [[True, False, False]]


def test_lists_are_freed_entry_by_entry(client, monkeypatch):
    requests = []

    def parse(*arguments, original=tensorflow_serving.parse_predict_request, **options):
        requests.append(original(*arguments, **options))
        return requests[-1]

    monkeypatch.setattr(tensorflow_serving, "parse_predict_request", parse)
    inputs = {"image": np.full((1, 8, 8, 3), 255.0).tolist(), "tag_lists": [[0, -1]]}
    for name, status in (("network", 200), ("other", 400)):
        assert client.post(PREDICT, json={"signature_name": name, "inputs": inputs}).status_code == status
        assert list(requests.pop().columns.values()) == [[], []]


@pytest.mark.parametrize("path", ["/v1/models/other", "/v1/models/photos/versions/4"])
def test_other_models_and_versions_are_not_found(client, path):
    for answer in (client.get(path), client.post(f"{path}:predict", json={})):
        assert answer.status_code == 404
        assert answer.json()["error"].startswith("Servable not found for request: ")


def test_an_unreadable_image_is_named(client, photo, b64):
    instances = [{"image": b64(photo()), "tags": ""}, {"image": b64(photo()[:40]), "tags": ""}]
    answer = client.post(PREDICT, json={"instances": instances})
    assert answer.status_code == 400
    assert "image 1" in answer.json()["error"]
