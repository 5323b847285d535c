import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from tiers import exhaustive

from mmannot_tf.serving.engines import selection
from mmannot_tf.serving.engines.catalogue import ENGINES, open_engine
from mmannot_tf.serving.engines.probe import probe_batch, read_record
from mmannot_tf.serving.engines.selection import EngineOptions, check_options, select_engine
from mmannot_tf.serving.model import model_of, open_model
from mmannot_tf.serving.network import NetworkInputs, NetworkOutputs
from tfrecords_tools.shell.errors import UserError


@pytest.fixture(scope="module")
def model(exported):
    return open_model(exported)


@pytest.fixture(scope="module")
def probe(model):
    return probe_batch(model)[0]


def _chosen(model, probe, engine, precision="float32", tolerance=1e-4):
    lines = []
    return select_engine(model, EngineOptions(engine, precision, tolerance), probe, log=lines.append), lines


@pytest.mark.parametrize("name", ["onnx", *exhaustive(sorted(ENGINES.keys() - {"tensorflow", "onnx"}))])
def test_every_engine_gives_tensorflows_answers_for_any_batch(model, probe, name):
    engine, lines = _chosen(model, probe, name)
    assert engine.name == name
    assert "same labels on 2 of 2 images" in lines[0]
    reference = open_engine("tensorflow", model, "float32")
    for size in (1, 3, 8):
        part = NetworkInputs(probe.image[:size], probe.tag_lists[:size])
        ours, expected = engine(part), reference(part)
        np.testing.assert_allclose(ours.probabilities, expected.probabilities, atol=1e-5)
        np.testing.assert_array_equal(ours.selected, expected.selected)
        for row in range(size):
            assert ours.selected_labels(row) == expected.selected_labels(row)


@pytest.mark.exhaustive
def test_openvino_reads_the_saved_model_itself(exported, probe, tmp_path):
    copy = shutil.copytree(exported, tmp_path / "1", ignore=shutil.ignore_patterns("openvino"))
    engine, lines = _chosen(open_model(copy), probe, "openvino")
    assert "same labels on 2 of 2 images" in lines[0]
    assert engine.name == "openvino"


def test_an_engine_that_differs_is_refused_with_the_difference(model, probe):
    with pytest.raises(UserError, match=r"max \|Δp\| .* tolerance 0e\+00"):
        _chosen(model, probe, "onnx", tolerance=0.0)


def _fake(name, seconds, difference):
    def run(inputs):
        outputs = np.tile(np.arange(3, dtype=np.float32), (len(inputs), 1)) / 10 + difference
        order = np.tile(np.array([2, 1, 0], np.int32), (len(inputs), 1))
        return NetworkOutputs(outputs, np.ones(len(inputs), np.float32), outputs > 1, order)

    run.name, run.version, run.seconds = name, "1", seconds
    return run


@pytest.fixture
def fakes(monkeypatch):
    """Engines of known speed: litert is fastest and wrong, onnx is not there."""
    engines = {
        "tensorflow": _fake("tensorflow", 3.0, 0.0),
        "openvino": _fake("openvino", 2.0, 1e-6),
        "litert": _fake("litert", 1.0, 1e-2),
    }

    def opened(name, model, precision="float32", **_):
        if precision == "bfloat16":
            name = "half"
        if name not in engines:
            raise selection.UnavailableError("No module named 'onnxruntime'")
        return engines[name]

    monkeypatch.setattr(selection, "open_engine", opened)
    monkeypatch.setattr(selection, "read_record", lambda model: None)
    monkeypatch.setattr(selection, "_seconds", lambda engine, _: engine.seconds)
    monkeypatch.setattr(selection, "has_bfloat16_units", lambda name: name == "openvino")
    return engines


@pytest.mark.parametrize("asked", ["openvino", "auto"])
def test_precision_auto_takes_bfloat16_where_the_labels_agree(fakes, model, probe, asked):
    fakes["half"] = _fake("openvino", 0.5, 1e-2)
    engine, lines = _chosen(model, probe, asked, "auto")
    assert engine is fakes["half"]
    assert "openvino in bfloat16: agrees, same labels on 8 of 8 images, max |Δp| 1.0e-02" in "\n".join(lines)
    assert "bfloat16" in lines[-1]


@pytest.mark.parametrize("asked", ["openvino", "auto"])
@pytest.mark.parametrize("difference", [0.06, 0.9, float("nan")])
def test_precision_auto_keeps_float32_where_they_do_not(fakes, model, probe, asked, difference):
    """0.06 is too far for probabilities, 0.9 changes labels."""
    fakes["half"] = _fake("openvino", 0.5, difference)
    engine, lines = _chosen(model, probe, asked, "auto")
    assert engine is fakes["openvino"]
    assert "openvino in bfloat16: not used" in "\n".join(lines)


@pytest.mark.parametrize(("difference", "taken"), [(1e-2, "half"), (0.9, "openvino")])
def test_bfloat16_is_compared_with_float32_where_the_export_holds_outputs(
    fakes, model, probe, monkeypatch, difference, taken
):
    """Without TensorFlow: its engine is not opened."""
    two = NetworkInputs(probe.image[:2], probe.tag_lists[:2])
    record = (two, fakes.pop("tensorflow")(two))
    monkeypatch.setattr(selection, "read_record", lambda model: record)
    fakes["half"] = _fake("openvino", 0.5, difference)
    engine, lines = _chosen(model, probe, "openvino", "auto")
    assert engine is fakes[taken]
    assert lines[0].startswith("openvino 1 in float32: same labels on 2 of 2 images")
    assert ("bfloat16, for the labels are the same" in lines[-1]) == (taken == "half")
    if taken == "half":
        assert _chosen(model, probe, "openvino", "bfloat16", tolerance=0.05)[0] is fakes["half"]


def test_precision_auto_says_that_a_processor_has_no_units(fakes, model, probe):
    engine, lines = _chosen(model, probe, "openvino", "auto")
    assert engine is fakes["openvino"]
    assert lines[0].startswith("bfloat16: not used, ")


def test_float32_on_a_processor_with_units_for_bfloat16_says_so(fakes, model, probe):
    assert "with --precision auto they are tried" in _chosen(model, probe, "openvino")[1][-1]


@pytest.mark.exhaustive
def test_openvino_in_bfloat16_where_this_processor_has_units(model, probe):
    engine, lines = _chosen(model, probe, "openvino", "auto")
    agrees = "openvino in bfloat16: agrees" in "\n".join(lines)
    assert engine.name == "openvino"
    assert agrees or "not used" in "\n".join(lines)
    if agrees:
        reference = open_engine("tensorflow", model, "float32")(probe)
        np.testing.assert_array_equal(engine(probe).selected, reference.selected)


def test_auto_takes_the_fastest_that_agrees_and_says_why_not_the_others(fakes, model, probe):
    engine, lines = _chosen(model, probe, "auto")
    assert engine.name == "openvino"
    assert "litert: not used, same labels on 8 of 8 images, max |Δp| 1.0e-02" in "\n".join(lines)
    assert "onnx: not used, No module named 'onnxruntime'" in lines
    assert lines[-1] == "engine: openvino, the fastest of those that agree"


def test_auto_keeps_tensorflow_where_nothing_is_faster(fakes, model, probe):
    fakes["openvino"].seconds = 4.0
    assert _chosen(model, probe, "auto")[0].name == "tensorflow"


def test_auto_with_a_larger_tolerance_takes_what_agrees_by_it(fakes, model, probe):
    assert _chosen(model, probe, "auto", tolerance=0.05)[0].name == "litert"


def test_without_a_saved_model_an_engine_is_compared_with_what_the_export_holds(exported, probe, tmp_path):
    copy = shutil.copytree(exported, tmp_path / "1", ignore=shutil.ignore_patterns("saved_model.pb"))
    model = open_model(copy)
    _, lines = _chosen(model, probe, "onnx")
    assert "same labels on 2 of 2 images" in lines[0]
    record = read_record(model)
    wrong = replace(record[1], probabilities=record[1].probabilities + 1e-3)
    np.savez(copy / "probe.npz", **vars(wrong))
    with pytest.raises(UserError, match=r"1\.0e-03"):
        _chosen(model, probe, "onnx")


def test_an_export_of_an_earlier_version_is_compared_with_its_saved_model(exported, probe, tmp_path):
    copy = shutil.copytree(exported, tmp_path / "1", ignore=shutil.ignore_patterns("probe.npz"))
    assert "same labels on 8 of 8 images" in _chosen(open_model(copy), probe, "onnx")[1][0]


def test_without_either_a_named_engine_is_taken_and_that_is_said(exported, probe, tmp_path):
    copy = shutil.copytree(
        exported, tmp_path / "1", ignore=shutil.ignore_patterns("saved_model.pb", "probe.npz")
    )
    engine, lines = _chosen(open_model(copy), probe, "onnx")
    assert engine.name == "onnx"
    assert "not compared" in lines[0]
    with pytest.raises(UserError, match="without"):
        _chosen(open_model(copy), probe, "auto")


def test_a_format_that_was_not_exported_is_named(exported, probe, tmp_path):
    copy = shutil.copytree(exported, tmp_path / "1", ignore=shutil.ignore_patterns("model.onnx"))
    with pytest.raises(UserError, match=r"holds no model\.onnx"):
        _chosen(open_model(copy), probe, "onnx")


def test_a_package_that_is_not_installed_is_named(model, probe, monkeypatch):
    monkeypatch.setitem(sys.modules, "mmannot_tf.serving.engines.onnx", None)
    monkeypatch.delattr("mmannot_tf.serving.engines.onnx", raising=False)
    with pytest.raises(UserError, match="installed"):
        _chosen(model, probe, "onnx")


def test_a_run_is_for_tensorflow_alone(tiny_run, probe):
    assert _chosen(model_of(tiny_run), probe, "tensorflow")[0].name == "tensorflow"
    with pytest.raises(UserError, match="export it first"):
        _chosen(model_of(tiny_run), probe, "onnx")


@pytest.mark.parametrize(
    ("engine", "precision", "message"),
    [
        ("torch", "float32", "tensorflow, openvino, onnx, litert or auto"),
        ("onnx", "bfloat16", "openvino or auto"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_loaded(engine, precision, message):
    with pytest.raises(UserError, match=message):
        check_options(EngineOptions(engine, precision, 1e-4))
