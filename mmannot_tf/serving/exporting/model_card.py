"""The model card, which is an export's README.md: data, settings, scores, limits and licences."""

import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template

import numpy as np

from mmannot_tf.decisions.calibration import FOLDS
from mmannot_tf.decisions.way import Scores
from mmannot_tf.evaluation.metrics import SYMBOLS, annotation_scores
from mmannot_tf.evaluation.predictions import Predictions
from mmannot_tf.evaluation.row_catalogue import Row
from mmannot_tf.evaluation.rows import annotating_row, select
from mmannot_tf.evaluation.scorer_ways import AnnotatorWays
from mmannot_tf.evaluation.ways import WayComparison, WayRow
from mmannot_tf.paper.readings import departures, in_force
from mmannot_tf.report.markdown import markdown_table
from mmannot_tf.runs.configured_stages import visual_stage
from mmannot_tf.runs.plan import predictions_digest
from mmannot_tf.runs.run import Run
from mmannot_tf.runs.stages import CNN
from mmannot_tf.runs.untagged import Heads, annotation_settings, read_choice
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.exporting.licenses import DATA_LICENSES, UNKNOWN, WEIGHTS_LICENSES
from mmannot_tf.serving.exporting.pixel_description import ORIENTATIONS, resize_description
from mmannot_tf.serving.metadata import ExportMetadata, FormatCheck
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.errors import UserError

MEANINGS = {
    "mirflickr": " A label that ends in _r1 says what a photograph is about, the same label without it what "
    "can be seen there."
}
"""What the names of labels mean, by the source of the records."""
PROPORTIONS = "- Photographs are resized to a square without keeping their proportions, as in training.\n"


def model_card(
    run: Run,
    metadata: ExportMetadata,
    decisions: Decisions,
    ways: AnnotatorWays | None = None,
    *,
    parameters: int,
) -> str:
    """Returns the card in Markdown, from the template model_card.md.

    Args:
        run: the exported run.
        metadata: the export's export.json.
        decisions: the ways that the signature `decide` takes.
        ways: how many labels an image gets; None for as many as the regressor predicts.
        parameters: the number of the network's parameters.
    """
    dataset, without_fusion = run.dataset, visual_stage(run.config) is CNN
    taps = "whose last map is averaged" if without_fusion else "tapped at five scales"
    splits = ", ".join(f"{count:,} {split}" for split, count in dataset.splits.items())
    values = {
        "name": run.path.resolve().name,
        "architecture": run.provenance.architecture,
        "taps": f"of {dataset.vectors.model}, frozen" if dataset.vectors else taps,
        "parameters": f"{parameters:,}",
        "input": "a vector" if dataset.vectors else "a photograph",
        "inputs": _inputs(run, metadata),
        "proportions": "" if dataset.vectors else PROPORTIONS,
        "tolerance": f"{metadata['tolerance']:.0e}",
        "checked": _checked(metadata["formats"]),
        "source": dataset.source,
        "records": dataset.digest[:12],
        "splits": splits,
        "labels": len(dataset.labels),
        "meaning": MEANINGS.get(dataset.source, ""),
        "tags": len(dataset.tags),
        "readings": _readings(run),
        "scores": _scores(run, None if ways is None else decisions),
        "decision": _decision(run, ways),
        "ways": ", ".join(f"`{name}`" for name in decisions.tagged.by_name),
        "calibrated": _calibrated(decisions),
        "untagged": _untagged(run),
        "weights": _weights(run),
        "data_license": DATA_LICENSES.get(dataset.source, UNKNOWN),
        "digest": metadata["digest"][:12],
        "versions": ", ".join(f"{name} {version}" for name, version in metadata["versions"].items()),
    }
    return _filled("model_card.md", values)


def _filled(template: str, values: Mapping[str, object]) -> str:
    return Template((files(__package__) / template).read_text(encoding="utf-8")).substitute(values)


def _inputs(run: Run, metadata: ExportMetadata) -> str:
    """What the signatures and formats take, and how it is made."""
    if vectors := run.dataset.vectors:
        return _filled("vector_inputs.md", {"size": vectors.size, "vectors": vectors.model})
    values = {
        "size": metadata["image_size"],
        "resize": resize_description(metadata["resize"], metadata["image_size"]),
        "orientation": ORIENTATIONS[metadata["orientation"]],
    }
    return _filled("photograph_inputs.md", values)


def card_with_formats(card: str, metadata: ExportMetadata) -> str:
    """Returns the card of an export with a section on the formats that were written from its heads."""
    versions = ", ".join(f"{name} {version}" for name, version in metadata["versions"].items())
    return (
        f"{card.rstrip()}\n\n## Exported again\n\n"
        "These formats were written from the heads of the export above and the backbone that it names, and "
        f"each was compared as above:\n\n{_checked(metadata['formats'])}\n\nVersions: {versions}.\n"
    )


def _checked(formats: Mapping[str, FormatCheck]) -> str:
    rows = [
        (f"`{name}`", f"{check['probability']:.1e}", f"{check['quantity']:.1e}")
        for name, check in formats.items()
    ]
    return markdown_table(("Format", "probabilities", "quantities"), rows).rstrip()


def _readings(run: Run) -> str:
    values = in_force(run.config)
    rows = [(f"`{key}`", json.dumps(value)) for key, value in values.items()]
    other = [f"- {departure}" for departure in departures(values)] or ["All have their default values."]
    return "\n".join([markdown_table(("Key", "Value"), rows, text_columns=2).rstrip(), "", *other])


def _scores(run: Run, decisions: Decisions | None) -> str:
    """The export's scores, if the run was evaluated after its last training.

    Args:
        run: the exported run.
        decisions: the ways that decide; None for the paper's.
    """
    predictions = _evaluated(run)
    if predictions is None:
        return (
            "Not evaluated on the test split since the last training: run `mmannot evaluate`, then "
            "export again."
        )
    settings = annotation_settings(run)
    row = annotating_row(predictions, settings)
    method = row.method
    if decisions is None:
        selected, way = select(row, predictions, settings), "as many labels as the regressor predicts"
    else:
        selected = predictions.scored(_selected(row, predictions, decisions))
        names = dict.fromkeys(decisions.defaults.values())
        method, way = method.replace("+LQP", ""), " and ".join(f"`{name}`" for name in names)
    scores = annotation_scores(
        selected,
        predictions.labels,
        never_predicted=settings.never_predicted,
        image_average=settings.image_average,
    )
    images = f"{counted(len(predictions.ids), 'image')} of the test split"
    text = (
        f"{method} on the {images}, percent, by {way}.{_quantity_in_words(selected, predictions)} C- are "
        "means over the labels, I- counts over all images, H-F1 is the harmonic mean of both."
    )
    cells = [f"{getattr(scores, name):.1f}" for name in SYMBOLS]
    return f"{text}\n\n{markdown_table(tuple(SYMBOLS.values()), [cells], text_columns=0).rstrip()}"


def _quantity_in_words(selected: np.ndarray, predictions: Predictions) -> str:
    """How often the number of labels is right, among the images where it is known."""
    wanted = predictions.with_quantity
    if not wanted.any():
        return ""
    right = 100 * np.mean(selected[wanted].sum(axis=1) == predictions.true_quantity[wanted])
    images = "the images" if wanted.all() else f"the {np.count_nonzero(wanted):,} images where it is known"
    return f" The number of labels is right on {right:.1f} % of {images}."


def _selected(row: Row, predictions: Predictions, decisions: Decisions) -> np.ndarray:
    """The labels that the export gives to the images of the predictions, [N, C] bool."""
    tagged: np.ndarray = decisions.tagged.decider.select(_scores_of(row, predictions))
    if decisions.untagged is None or row.untagged is None or predictions.known_tags is None:
        return tagged
    of_visual = decisions.untagged.decider.select(_scores_of(row.untagged, predictions))
    return np.asarray(np.where(predictions.known_tags[:, np.newaxis] > 0, tagged, of_visual))


def _scores_of(row: Row, predictions: Predictions) -> Scores:
    quantity = None if row.quantity is None else predictions.quantity[row.quantity]
    return Scores(predictions.probabilities[row.scorer], quantity)


def _decision(run: Run, ways: AnnotatorWays | None) -> str:
    """Which way decides how many labels an image gets, and what it is worth."""
    if ways is None:
        return (
            "An image gets as many labels as the regressor predicts, as in the paper, and at least "
            f"{run.config.evaluation.least_quantity}."
        )
    lines = []
    tagged = "an image" if ways.untagged is None else "an image with a known tag"
    for images, chosen in ((tagged, ways.tagged), ("an image without one", ways.untagged)):
        if chosen is not None:
            comparison, way = chosen.comparison, chosen.fitted.way
            own, paper = (comparison.row(name) for name in (way.name, comparison.reference))
            lines.append(
                f"- `{way.name}` decides for {images}: {way.title} ({way.source}). On "
                f"{counted(comparison.images, 'validation image')}, by {FOLDS} folds, it has an I-F1 of "
                f"{own.scores.image_f1:.1f} and a C-F1 of {own.scores.class_f1:.1f}; the paper's way has "
                f"{paper.scores.image_f1:.1f} and {paper.scores.class_f1:.1f}."
                + _weighed(comparison, own, paper)
            )
    return "\n".join(lines)


def _weighed(comparison: WayComparison, own: WayRow, paper: WayRow) -> str:
    """What a way has of the measure that it maximises, where that is another one than F1."""
    if comparison.beta == 1:
        return ""
    return (
        f" It maximises the F-measure with beta = {comparison.beta:g}, and has "
        f"{own.validation['image_f1']:.1f} of that there (over all images); the paper's way has "
        f"{paper.validation['image_f1']:.1f}."
    )


def _calibrated(decisions: Decisions) -> str:
    """How the ways that need probabilities calibrate them; nothing where there is no such way."""
    methods = {
        way.calibrated for way in decisions.tagged.by_name.values() if "probabilities" in way.way.needs
    }
    if not methods:
        return ""
    (method,) = methods
    return f"; `calibrated` is, where the way needs probabilities (method: {method}, fitted on validation)"


def _untagged(run: Run) -> str:
    """A bullet on photographs without a known tag; nothing for a run without tags."""
    if not run.dataset.tags:
        return ""
    choice = read_choice(run)
    heads: dict[Heads, str] = {"joint": "image and tags", "visual": "the image alone"}
    measured = (
        ""
        if choice is None
        else (
            f" I-F1 on {choice.images:,} validation images with hidden tags decided: "
            + ", ".join(f"{choice.image_f1[name]:.1f} by the heads on {read}" for name, read in heads.items())
            + "."
        )
    )
    used = heads["visual" if annotation_settings(run).untagged == "visual" else "joint"]
    return f"\n- Photographs without a tag of the vocabulary are annotated by the heads on {used}.{measured}"


def _evaluated(run: Run) -> Predictions | None:
    """The predictions of the stages as trained now, if the run was evaluated."""
    file = run.predictions("test")
    if not (run.path / "scores.json").is_file() or not file.is_file():
        return None
    try:
        predictions = Predictions.load(file)
    except UserError:
        return None
    return predictions if predictions.digest == predictions_digest(run, "test") else None


def _weights(run: Run) -> str:
    origin, digest = run.provenance.origin, run.provenance.digest
    return f"{origin}{f' (digest {digest[:12]})' if digest else ''}: {WEIGHTS_LICENSES.get(origin, UNKNOWN)}"
