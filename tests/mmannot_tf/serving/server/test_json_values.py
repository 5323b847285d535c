import pytest

from mmannot_tf.serving.server import json_values
from mmannot_tf.serving.server.errors import RequestError
from mmannot_tf.serving.server.json_values import ANY, to_array


@pytest.mark.parametrize("value", ["a" * 100_000, None, True, {}])
def test_numpy_sees_numbers_only(value, monkeypatch):
    monkeypatch.setattr(json_values.np, "asarray", lambda row: pytest.fail(f"numpy received {row!r:.50}"))
    with pytest.raises(RequestError, match="Received: other values"):
        to_array("image", [[[value, 1, 2]]], (ANY, ANY, 3), high=255)


def test_numbers_become_an_array():
    assert to_array("image", [[[0, 1.5, 255]]], (ANY, ANY, 3), high=255).tolist() == [[[0, 1.5, 255]]]
