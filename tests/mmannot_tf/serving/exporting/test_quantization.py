import json
import logging
import shutil

import numpy as np
import openvino as ov
import pytest

from mmannot_tf.cli.main import main
from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.engines import selection
from mmannot_tf.serving.engines.catalogue import open_engine
from mmannot_tf.serving.engines.openvino import INT8_FILE
from mmannot_tf.serving.engines.probe import probe_batch
from mmannot_tf.serving.engines.selection import EngineOptions, check_options, select_engine
from mmannot_tf.serving.exporting.quantization import quantize
from mmannot_tf.serving.inputs.photographs import photographs
from mmannot_tf.serving.model import open_model, read_metadata
from mmannot_tf.serving.network import NetworkOutputs
from tfrecords_tools.shell.errors import UserError


@pytest.fixture(scope="module")
def folder(scenes):
    return next(iter(scenes)).parent


@pytest.fixture(scope="module")
def quantized(exported, folder, tmp_path_factory):
    """The tiny export with int8, as the command writes it; tests must not change it."""
    out = tmp_path_factory.mktemp("int8") / "export"
    assert main(["quantize", str(exported), str(folder), "--out", str(out), "--images", "10"]) == 0
    return out / "1"


def _outputs(quantized, precision):
    model = open_model(quantized)
    return open_engine("openvino", model, precision)(probe_batch(model)[0])


def test_convolutions_are_int8_and_the_heads_are_not(quantized):
    operations = ov.Core().read_model(quantized / INT8_FILE).get_ops()
    assert _types_of_weights(operations, "Convolution") == {np.dtype(np.int8)}
    assert _types_of_weights(operations, "MatMul") == {np.dtype(np.float32)}


def _types_of_weights(operations, kind):
    """The types of the constants that the weights of a kind of operation are computed from."""
    types = set()
    for operation in operations:
        if operation.get_type_name() == kind:
            node = operation.input_value(1).get_node()
            while node.get_type_name() != "Constant":
                node = node.input_value(0).get_node()
            types.add(node.get_element_type().to_dtype())
    return types


def test_no_range_is_taken_behind_the_last_convolution(quantized):
    """Photographs without tags, as most are, would tell nothing of the tag encoder's ranges."""
    network = ov.Core().read_model(quantized / INT8_FILE)
    rounded = [operation for operation in network.get_ops() if operation.get_type_name() == "FakeQuantize"]
    assert rounded
    assert [operation for operation in rounded if not _reaches_a_convolution(operation)] == []


def _reaches_a_convolution(operation):
    readers = [place.get_node() for place in operation.output(0).get_target_inputs()]
    return any(
        reader.get_type_name() == "Convolution"
        or (reader.get_output_size() and _reaches_a_convolution(reader))
        for reader in readers
    )


def test_its_answers_are_near_those_of_float32_and_not_the_same(quantized):
    single, lower = _outputs(quantized, "float32"), _outputs(quantized, "int8")
    difference = np.abs(lower.probabilities - single.probabilities)
    assert 0 < difference.mean() < 0.05


def test_the_comparison_is_told_and_is_of_other_photographs(quantized, folder):
    told = read_metadata(quantized)["int8"]
    assert (told["calibrated"], told["compared"]) == (10, 10)
    model, files = open_model(quantized), [*photographs([folder])]
    single, lower = (open_engine("openvino", model, precision) for precision in ("float32", "int8"))
    annotator = Annotator(model, lambda probe: single, engine="openvino")
    differences, same = [], 0
    for photograph in files[10:20]:
        inputs = annotator.inputs([annotator.decode(photograph.content())], [""])
        one, other = single(inputs), lower(inputs)
        differences.append(np.abs(one.probabilities - other.probabilities))
        same += int((one.selected == other.selected).all())
    assert told["same_labels"] == same
    assert told["probability"] == pytest.approx(np.mean(differences), rel=1e-5)
    assert told["largest"] == pytest.approx(np.max(differences), rel=1e-5)
    assert f"Of 10 others, {same} get the same labels" in (quantized / "README.md").read_text()


def test_photographs_are_annotated_with_it(quantized, folder, capsys):
    """By the command; float32 is the control that there is anything to annotate."""
    answers = {}
    for precision in ("float32", "int8"):
        argv = ["annotate", str(quantized), str(folder), "--engine", "openvino", "--precision", precision]
        assert main([*argv, "--json"]) == 0
        answers[precision] = json.loads(capsys.readouterr().out)["photographs"]
    assert len(answers["int8"]) == len(answers["float32"]) == 30
    assert answers["int8"] != answers["float32"]


def test_nncf_leaves_the_handlers_of_other_loggers(quantized, caplog):
    """Its own function for the level changes them all."""
    logging.getLogger("somebody").warning("heard")
    assert "heard" in caplog.text


def test_a_second_time_replaces_what_the_first_wrote(quantized, folder, tmp_path):
    again, _ = quantize(open_model(quantized), tmp_path / "export", photographs([folder]), images=12)
    assert open_model(again).digest == open_model(quantized).digest
    assert (again / "README.md").read_text().count("## In int8") == 1
    assert read_metadata(again)["int8"]["calibrated"] == 12


def test_an_export_without_openvino_and_too_few_photographs_are_refused(exported, folder, tmp_path):
    copy = shutil.copytree(exported, tmp_path / "1", ignore=shutil.ignore_patterns("openvino"))
    with pytest.raises(UserError, match="--format openvino"):
        quantize(open_model(copy), tmp_path / "out", photographs([folder]))
    few = [*photographs([folder])][:15]
    with pytest.raises(UserError, match="at least 10 to calibrate on"):
        quantize(open_model(exported), tmp_path / "out", few)
    assert not (tmp_path / "out").exists()


def test_int8_of_an_export_without_it_and_of_auto_is_refused(exported):
    with pytest.raises(UserError, match="mmannot quantize"):
        select_engine(
            open_model(exported),
            EngineOptions("openvino", "int8"),
            probe_batch(open_model(exported))[0],
            log=lambda line: None,
        )
    with pytest.raises(UserError, match="by name"):
        check_options(EngineOptions("auto", "int8"))
    with pytest.raises(UserError, match="--precision int8 is for"):
        check_options(EngineOptions("onnx", "int8"))


@pytest.mark.parametrize("wrong", [float("nan"), 0.6])
def test_answers_that_no_rounding_explains_are_refused(quantized, monkeypatch, wrong):
    def opened(name, model, precision, **_):
        engine = open_engine(name, model, "float32")
        if precision != "int8":
            return engine

        def run(inputs):
            outputs = engine(inputs)
            values = {**vars(outputs), "probabilities": outputs.probabilities + wrong}
            return NetworkOutputs(**values)

        run.name, run.version = "openvino", "1"
        return run

    monkeypatch.setattr(selection, "open_engine", opened)
    model = open_model(quantized)
    with pytest.raises(UserError, match="must agree"):
        select_engine(model, EngineOptions("openvino", "int8"), probe_batch(model)[0], log=lambda line: None)
