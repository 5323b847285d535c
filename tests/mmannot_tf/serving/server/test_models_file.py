"""The file of several models: what it says, and what is refused in one line."""

import pytest

from mmannot_tf.decisions.override import Override
from mmannot_tf.serving.engines.selection import EngineOptions
from mmannot_tf.serving.server.models_file import read_models
from tfrecords_tools.shell.errors import UserError


@pytest.fixture
def write(tmp_path):
    def write(text):
        file = tmp_path / "models.toml"
        file.write_text(text)
        return file

    return write


def test_each_model_has_its_options(write, tmp_path):
    first, second = read_models(
        write(
            """
            [[model]]
            name = "photos"
            path = "exports/photos"

            [[model]]
            name = "fast.2"
            path = "/exports/fast"
            engine = "openvino"
            precision = "bfloat16"
            tolerance = 0.01
            decide = "one_threshold"
            threshold = 0.4
            least = 1
            """
        )
    )
    assert (first.name, first.path) == ("photos", str(tmp_path / "exports" / "photos"))
    assert (first.options, first.override) == (EngineOptions(), Override())
    assert (second.name, second.path) == ("fast.2", "/exports/fast")
    assert second.options == EngineOptions("openvino", "bfloat16", 0.01)
    assert second.override == Override("one_threshold", threshold=0.4, least=1)


ONE = '[[model]]\nname = "a"\npath = "x"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "model: Field required"),
        ("model = []", "at least 1 item"),
        ("[[model]", "--models must be valid TOML"),
        ('[[model]]\nname = "a"\n', "model.0.path: Field required"),
        (f"{ONE}batch_size = 3\n", "model.0.batch_size: Extra inputs are not permitted"),
        (ONE.replace('"a"', '"a/b"'), "model.0.name"),
        (ONE + ONE, "a twice"),
        (f'{ONE}engine = "abacus"\n', "--engine must be"),
        (f'{ONE}precision = "bfloat16"\n', "--precision bfloat16 is for --engine openvino"),
        (f'{ONE}k = "3"\n', "model.0.k"),
    ],
)
def test_what_is_wrong_is_said(write, text, said):
    with pytest.raises(UserError) as error:
        read_models(write(text))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(UserError, match=r"--models must be a TOML file\. .* \(No such file or directory\)"):
        read_models(tmp_path / "none.toml")
