import json
import subprocess
import sys

import pytest

from mmannot_tf.cli.main import app
from tfrecords_tools.shell.console import run

AUDIT = {"inconsistent", "labels_per_image", "other_test_sets"}


def document(capsys, *arguments):
    assert run(app, ["paper", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_all_tables_are_one_json_document(capsys):
    tables = document(capsys)["tables"]
    assert [len(tables[number]) for number in ("I", "II", "III", "IV", "V", "VI")] == [6, 6, 10, 8, 2, 2]
    assert tables["I"][-1] == {
        "system": "CNN",
        "multi_modal": False,
        "quantity_prediction": False,
        **{
            "C-P": 45.86,
            "C-R": 57.34,
            "C-F1": 50.96,
            "I-P": 59.88,
            "I-R": 70.54,
            "I-F1": 64.77,
            "H-F1": 57.04,
        },
    }
    assert tables["VI"][0] == {"features": "MS-CNN", "accuracy": 46.27, "mse": 0.773}


def test_the_audit_is_part_of_the_document_where_asked(capsys):
    assert set(document(capsys)) == {"tables"}
    audited = document(capsys, "--audit")
    assert set(audited) == {"tables", *AUDIT}
    assert [cell["table"] for cell in audited["inconsistent"]] == ["II", "III", "IV"]


@pytest.mark.parametrize("number", ["III", "iii"])
def test_one_table_and_its_audit(capsys, number):
    audited = document(capsys, "--table", number, "--audit")
    assert list(audited["tables"]) == ["III"]
    assert [cell["system"] for cell in audited["inconsistent"]] == ["SINN"]
    assert len(audited["other_test_sets"]) == 2


def test_printed_tables_keep_their_digits_and_mark_what_contradicts(capsys):
    assert run(app, ["paper"]) == 0
    plain = capsys.readouterr().out
    assert all(f"Table {number}: " in plain for number in ("I", "II", "III", "IV", "V", "VI"))
    assert "61.40" in plain
    assert "*" not in plain
    assert run(app, ["paper", "--audit"]) == 0
    audited = capsys.readouterr().out
    assert [audited.count(cell) for cell in ("63.02*", "59.44*", "60.70*")] == [1, 1, 1]
    assert audited.count("*") == 2 * 3
    assert "is likely 65.12" in " ".join(audited.split())
    assert "…" not in audited


def test_a_table_without_f1s_has_nothing_to_contradict(capsys):
    assert run(app, ["paper", "--table", "V", "--audit"]) == 0
    assert "Contradictions (0)" in capsys.readouterr().out


def test_an_unknown_table_is_wrong_usage(capsys):
    assert run(app, ["paper", "--table", "VII"]) == 2


@pytest.mark.slow
def test_it_answers_without_tensorflow():
    code = (
        "import sys\n"
        "from mmannot_tf.cli.main import app\n"
        "from tfrecords_tools.shell.console import run\n"
        "status = run(app, ['paper', '--audit'])\n"
        "loaded = {'tensorflow', 'keras', 'tensorflow_datasets'} & set(sys.modules)\n"
        "sys.exit(status or 10 * bool(loaded))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=300)
