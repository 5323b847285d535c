"""The format of heads alone: in float16, for a backbone whose weights everyone can fetch."""

import shutil
import tempfile
from pathlib import Path

from mmannot_tf.runs.run import CONFIG, open_run
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.exporting.vector_module import open_module
from mmannot_tf.serving.formats.saved_model import TensorFlowEngine
from tfrecords_tools.shell.files import read_json, write_json

FOLDER = "heads"
FILE = f"{FOLDER}/{CONFIG}"
DEFAULTS = "defaults.json"
"""The names of the ways that decide, in the folder of the heads."""


def write(module: AnnotatorModule, folder: Path) -> None:
    """Writes the run that the module was built from, which holds heads alone."""
    shutil.copytree(module.run.path, folder / FOLDER)
    write_json(folder / FOLDER / DEFAULTS, module.decisions.defaults)


def open_heads(folder: Path) -> TensorFlowEngine:
    """Builds the network of an export's version folder.

    Raises:
        UserError: the backbone's weights cannot be fetched, or a file is damaged.
    """
    defaults = read_json(folder / FOLDER / DEFAULTS, "An export's heads")
    with tempfile.TemporaryDirectory() as assets:
        module = open_module(open_run(folder / FOLDER), Path(assets), Decisions.load(folder, defaults))
    return TensorFlowEngine(module, module.network)
