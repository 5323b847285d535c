"""What Prometheus reads of requests, images and forward passes, by model and engine; and the names."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mmannot_tf.serving.server.metrics import Metrics

PREDICT = "/v1/models/photos:predict"
MODEL = {"model": "photos", "engine": "brightness"}


@pytest.fixture
def values(client):
    """The value of a metric for labels, now."""

    def of(name, **labels):
        families = text_string_to_metric_families(client.get("/metrics").text)
        (value,) = [
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == f"mmannot_{name}" and sample.labels == labels
        ]
        return value

    return of


def test_a_request_is_counted_in_all_of_them(running, client, values, photo):
    running.engine.seconds = 0.03
    files = [("images", photo()), ("images", photo()), ("images", b"no image")]
    assert client.post("/annotate", files=files, data={"tags": "nobody"}).status_code == 200
    assert client.post(PREDICT, content=b"{").status_code == 400
    assert values("images_total", **MODEL) == 2
    assert values("unreadable_images_total", **MODEL) == 1
    assert values("unknown_tags_total", **MODEL) == 3
    assert values("batch_images_sum", **MODEL) == 2
    passes = values("forward_pass_duration_seconds_count", **MODEL)
    assert 1 <= passes <= 2
    assert 0.03 * passes <= values("forward_pass_duration_seconds_sum", **MODEL) < 10
    assert values("forward_pass_duration_seconds_bucket", le="0.025", **MODEL) == 0
    assert values("image_queue_duration_seconds_count", **MODEL) == 2
    assert values("images_in_hand", **MODEL) == 0
    assert values("requests_total", route="/annotate", status="200", model="photos") == 1
    assert values("requests_total", route="/v1/models/{name}:predict", status="400", model="photos") == 1
    assert values("request_duration_seconds_count", route="/annotate", **MODEL) == 1
    assert values("request_duration_seconds_sum", route="/annotate", **MODEL) >= 0.03
    assert values("requests_in_hand") == 1  # the one that asks
    assert values("model_info", version="3", digest="f00d", **MODEL) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_forward_pass_that_fails_is_counted(running, client, values, photo):
    running.engine.fault = RuntimeError("broken")
    assert client.post("/annotate", files={"images": photo()}).status_code == 500
    assert values("forward_pass_errors_total", **MODEL) == 1
    assert values("images_total", **MODEL) == 0
    assert values("images_in_hand", **MODEL) == 0
    assert values("requests_total", route="/annotate", status="500", model="photos") == 1


def test_where_no_model_answers_none_is_named(client, values):
    client.get("/nowhere/at/all")
    assert values("requests_total", route="unknown", status="404", model="") == 1


def test_names_follow_prometheus_conventions(client, photo):
    """A prefix, base units, `_total` on counters alone, and a text for each."""
    client.post("/annotate", files={"images": photo()})
    families = [*text_string_to_metric_families(client.get("/metrics").text)]
    assert len(families) > 8
    for family in families:
        assert family.name.startswith("mmannot_")
        assert family.documentation.endswith(".")
        names = {sample.name for sample in family.samples}
        if family.type == "counter" and not family.name.endswith("_created"):
            assert all(name.endswith("_total") for name in names)
        if family.type == "histogram":
            assert family.name.endswith(("_seconds", "_images"))
        if family.type == "gauge" and not family.name.endswith("_created"):
            assert names == {family.name}
            assert not family.name.endswith("_total")


def test_versions_share_the_metrics_of_their_model():
    metrics = Metrics()
    first, second = (metrics.of_model("photos", "brightness") for _ in range(2))
    first.images.inc()
    second.images.inc()
    assert 'mmannot_images_total{engine="brightness",model="photos"} 2.0' in metrics.text().decode()
