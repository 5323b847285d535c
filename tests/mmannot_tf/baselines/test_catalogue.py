import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmannot_tf.baselines import METHODS
from mmannot_tf.config.methods import COMPARED_SYSTEMS, Methods, in_table_order, in_training_order
from mmannot_tf.evaluation.rows import ROWS
from mmannot_tf.paper.tables import table
from mmannot_tf.runs.stages import METHOD_STAGES

METHODS_FILE = Path(sys.modules[Methods.__module__].__file__).resolve()
SYSTEM = """
class Toy(MethodSettings):
    '''A linear head; the settings of a new system.'''

    margin: Share = 0.25

"""
ENTRY = '    ComparedSystem("toy", "Toy head", Toy, reads_tags=True, compared_with="MS-CNN"),\n'
END = ')\n"""All compared systems'
MODULE = """
from dataclasses import replace

from mmannot_tf.baselines.cnn_logistic import METHOD as LOGISTIC

METHOD = replace(LOGISTIC, name="toy")
"""
CHECK = """
import sys

sys.path[:0] = {paths!r}

import mmannot_tf.baselines

assert mmannot_tf.__path__[0].startswith({paths[0]!r})

from mmannot_tf.baselines import METHODS
from mmannot_tf.config.loading import keys, load
from mmannot_tf.evaluation.row_catalogue import ROWS, row_of
from mmannot_tf.evaluation.uncertainty import SYSTEM_PAIRS
from mmannot_tf.runs.configured_stages import stage_settings
from mmannot_tf.runs.stages import KNOWN

assert METHODS["toy"].name == list(METHODS)[-1] == "toy"
assert KNOWN["toy"].features == ("cnn",) and "tags" in KNOWN["toy"].reads
assert "methods.toy.margin" in keys()
config = load("quickstart", ["methods.toy.margin=0.5", "methods.toy.epochs=3"])
settings = stage_settings(config, KNOWN["toy"])
assert (settings.margin, settings.epochs) == (0.5, 3)
assert row_of("toy").method == "Toy head" and row_of("toy") is ROWS[-1]
assert ("MS-CNN", "Toy head") in SYSTEM_PAIRS
"""


def test_each_system_has_its_settings_stage_method_and_row():
    names = [system.name for system in COMPARED_SYSTEMS]
    assert list(Methods.model_fields) == names
    assert list(METHOD_STAGES) == [system.name for system in in_training_order()]
    assert list(METHODS) == [method.name for method in METHODS.values()]
    assert list(METHODS) == [system.name for system in in_table_order()]
    assert [row.scorer for row in ROWS if row.source in ("compared", "later")] == list(METHODS)


def test_systems_stand_in_the_order_of_the_printed_tables():
    titles = [system.title for system in in_table_order() if system.source == "compared"]
    assert titles == [row.system for row in table("III") if row.system not in ("Upper bound", "Ours")]
    assert [system.name for system in in_training_order()[:8]] == list(METHODS)[7::-1]


def test_systems_read_tags_where_the_printed_tables_and_their_methods_do():
    printed = {row.system: row.multi_modal for row in table("III")}
    for system in COMPARED_SYSTEMS:
        assert system.reads_tags == printed.get(system.title, False)
        assert system.reads_tags == ("tags" in METHODS[system.name].reads)


def test_systems_decide_the_quantity_where_table_iii_says_so():
    printed = {row.system: row.quantity_prediction for row in table("III")}
    compared = [system for system in COMPARED_SYSTEMS if system.source == "compared"]
    decides = {system.name for system in compared if METHODS[system.name].predicts_quantity}
    assert decides == {system.name for system in compared if printed[system.title]} - {"sinn"}
    assert decides == {system.name for system in compared if system.selection == "decoded"} - {"cnn_rnn"}


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_new_system_touches_the_catalogue_and_its_own_module_alone(tmp_path):
    """Every other file of the package is a link to the real one."""
    package, copy = METHODS_FILE.parents[1], tmp_path / "mmannot_tf"
    shutil.copytree(package, copy, copy_function=os.symlink, ignore=shutil.ignore_patterns("*.pyc"))
    catalogue = METHODS_FILE.read_text(encoding="utf-8")
    assert catalogue.count("\n@dataclass") == 1
    catalogue = catalogue.replace("\n@dataclass", SYSTEM + "\n@dataclass")
    catalogue = catalogue.replace(END, ENTRY + END)
    changed = {
        "config/methods.py": catalogue,
        "baselines/toy.py": MODULE,
    }
    for name, text in changed.items():
        (copy / name).unlink(missing_ok=True)
        (copy / name).write_text(text, encoding="utf-8")
    assert len(changed) <= 3
    check = CHECK.format(paths=[str(tmp_path), str(package.parent)])
    done = subprocess.run([sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
