"""`mmannot quickstart`: the whole method, from records to an annotated image and a page."""

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmannot_tf.cli.arguments import DEFAULT_RESAMPLES, MethodsOption, SettingsOption, split_names
from tfrecords_tools.shell.errors import UserError

if TYPE_CHECKING:
    from mmannot_tf.evaluation.results import Evaluation
    from mmannot_tf.paper.compare import Comparison
    from mmannot_tf.workflows.evaluation import PredictedSplit
    from tfrecords_tools.reading.records import Records


def quickstart(
    run: Annotated[Path, typer.Option("--run", help="The folder for everything.")] = Path("runs/quickstart"),
    settings: SettingsOption = None,
    methods: MethodsOption = None,
    images: Annotated[
        int, typer.Option("--images", min=100, help="Scenes for training and validation.")
    ] = 6600,
) -> None:
    """See the whole method work on synthetic scenes: records, stages, table, SavedModel, annotation, page."""
    from mmannot_tf.cli.compare import print_comparison, print_systems
    from mmannot_tf.config.loading import load
    from mmannot_tf.paper.systems import compare_systems
    from mmannot_tf.paper.tables import paper_tables_for
    from mmannot_tf.workflows.comparison import compare_run
    from mmannot_tf.workflows.evaluation import predicted_split, write_scores
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    begun = time.monotonic()
    configuration = load("quickstart", settings or ())
    import_tensorflow()
    notice("1/6 records: rendering scenes")
    records = _records(run / "records", images)
    notice("2/6 training: the stages of Algorithm 1")

    from mmannot_tf.serving.exporting.export import export
    from mmannot_tf.training.train import train

    trained = train(configuration, data=records.path, run=run, methods=split_names(methods))
    notice("3/6 evaluation: ours and the paper's, which has another data set and another network")
    predicted = predicted_split(run, "test")
    evaluation = predicted.evaluate(bootstrap=DEFAULT_RESAMPLES)
    write_scores(run, evaluation)
    comparison = compare_run(run, evaluation)
    print_comparison(comparison)
    if methods is not None:
        print_systems(compare_systems(evaluation, paper_tables_for(records.source).systems))
    notice("4/6 export")
    saved_model = export(trained, run / "export" / "1")
    notice("5/6 annotation of a test image by the SavedModel")
    image = _annotate_sample(records, saved_model, run)
    notice("6/6 report")
    page = _report(predicted, evaluation, comparison, records)
    print_places(run, records.path, image, page, seconds=time.monotonic() - begun)


def _records(out: Path, images: int) -> "Records":
    from tfrecords_tools.building.building import build_records
    from tfrecords_tools.synthetic.settings import SyntheticSettings
    from tfrecords_tools.synthetic.source import synthetic_source

    return build_records(synthetic_source(SyntheticSettings(images=images)), out=out)


def _annotate_sample(records: "Records", saved_model: Path, run: Path) -> Path:
    """Annotates the first test image, and prints its annotations and its ground truth."""
    from mmannot_tf.serving.annotating.annotator import open_annotator
    from tfrecords_tools.reading.records import read

    example = next(read(records, "test").as_numpy_iterator())
    image, tags = run / "sample.jpg", ",".join(tag.decode() for tag in example["tags"])
    image.write_bytes(example["image"])
    annotator = open_annotator(saved_model)
    (annotation,) = annotator.annotate([annotator.decode(example["image"])], [tags], [str(image)])
    typer.echo(f"{image} with the tags {tags or '(none)'}")
    typer.echo("  annotated:    " + ", ".join(f"{label} ({score:.2f})" for label, score in annotation.labels))
    typer.echo("  ground truth: " + ", ".join(records.labels[label] for label in example["labels"]))
    return image


def _report(
    predicted: "PredictedSplit", evaluation: "Evaluation", comparison: "Comparison", records: "Records"
) -> Path | None:
    """Writes the page. Without its packages it prints a notice, for the rest is done."""
    from mmannot_tf.report.page import page_in
    from mmannot_tf.workflows.report import write_report
    from tfrecords_tools.shell.console import notice

    try:
        page = page_in(predicted.run.path / "report", records)
    except UserError as error:
        notice(f"no report: {error}")
        return None
    write_report(page, predicted, evaluation, comparison, records=records)
    return page


def print_places(run: Path, records: Path, image: Path, page: Path | None, *, seconds: float) -> None:
    """Prints how long it took, where everything is, and the command that annotates the image again."""
    typer.echo(f"\nDone in {seconds:.0f} s. Results:")
    for what, where in (
        ("records", records),
        ("stages, logs", run / "stages"),
        ("scores", run / "scores.json"),
        ("SavedModel", run / "export" / "1"),
        ("report", page or "not written: see above"),
    ):
        typer.echo(f"  {what:13} {where}")
    typer.echo(f'Again: {_program()} annotate {run / "export" / "1"} {image} --tags "…"')


def _program() -> str:
    """How to call `mmannot` again: by its path, as it was called, where a shell does not find its name."""
    called = sys.argv[0]
    return called if Path(called).name == "mmannot" and not shutil.which("mmannot") else "mmannot"
