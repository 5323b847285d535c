"""The README.md of an export: what the model is, what it was made from, how good it is, where it ends."""

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from mmannot_tf.evaluation.metrics import SYMBOLS
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.paper.readings import departures, in_force
from mmannot_tf.runs.plan import predictions_digest
from mmannot_tf.runs.run import Run
from mmannot_tf.serving.terms import DATA_TERMS, UNKNOWN, WEIGHTS_TERMS
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import read_json

METHOD, FEATURES = "MS-CNN+Tags+LQP", "MS-CNN+Tags"
"""The rows of the tables that an export is."""
SAMPLINGS = {"half_pixel": "sampled at pixel centres", "tf1": "sampled at corners as TensorFlow 1 did"}


def model_card(run: Run, facts: Mapping[str, Any], *, parameters: int) -> str:
    """The card, in Markdown: model_card.md, filled in.

    Args:
        run: what was exported.
        facts: the export's export.json.
        parameters: how many the network has.
    """
    dataset = run.dataset
    splits = ", ".join(f"{count:,} {split}" for split, count in dataset.splits.items())
    values = {
        "name": run.path.resolve().name,
        "architecture": run.provenance.architecture,
        "parameters": f"{parameters:,}",
        "size": facts["image_size"],
        "sampling": SAMPLINGS[facts["resize"]],
        "tolerance": f"{facts['tolerance']:.0e}",
        "checked": _checked(facts["formats"]),
        "source": dataset.source,
        "records": dataset.digest[:12],
        "splits": splits,
        "labels": len(dataset.labels),
        "tags": len(dataset.tags),
        "readings": _readings(run),
        "scores": _scores(run),
        "least": run.config.evaluation.least_quantity,
        "weights": _weights(run),
        "data_terms": DATA_TERMS.get(dataset.source, UNKNOWN),
        "digest": facts["digest"][:12],
        "versions": ", ".join(f"{name} {version}" for name, version in facts["versions"].items()),
    }
    return Template((files(__package__) / "model_card.md").read_text(encoding="utf-8")).substitute(values)


def _checked(formats: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        (f"`{name}`", f"{found['probability']:.1e}", f"{found['quantity']:.1e}")
        for name, found in formats.items()
    ]
    return _table(("Format", "largest of probabilities", "largest of quantities"), rows)


def _readings(run: Run) -> str:
    values = in_force(run.config)
    rows = [(f"`{key}`", json.dumps(value)) for key, value in values.items()]
    other = [f"- {one}" for one in departures(values)] or ["All are at their defaults."]
    return "\n".join([_table(("Key", "Value"), rows), "", *other])


def _scores(run: Run) -> str:
    """The export's rows, if the run was evaluated as it is now."""
    if not _evaluated(run):
        return "Not evaluated as it is now: `mmannot evaluate`, then export again."
    scores = read_json(run.path / "scores.json", "A run's scores.json")
    rows = [[f"{row[name]:.1f}" for name in SYMBOLS] for row in scores["rows"] if row["method"] == METHOD]
    quantity = [
        f" Label quantity: {row['accuracy']:.1f} % exact, MSE {row['mse']:.2f}."
        for row in scores["quantity"]
        if row["features"] == FEATURES
    ]
    text = f"On the {scores['images']:,} images of the test split, percent.{''.join(quantity)}"
    return f"{text}\n\n{_table(tuple(SYMBOLS.values()), rows)}"


def _evaluated(run: Run) -> bool:
    """Whether scores.json is of the stages as they are."""
    predictions = run.predictions("test")
    if not (run.path / "scores.json").is_file() or not predictions.is_file():
        return False
    try:
        return Predictions.load(predictions).digest == predictions_digest(run, "test")
    except UserError:
        return False


def _weights(run: Run) -> str:
    origin, digest = run.provenance.origin, run.provenance.digest
    return f"{origin}{f' (digest {digest[:12]})' if digest else ''}: {WEIGHTS_TERMS.get(origin, UNKNOWN)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
