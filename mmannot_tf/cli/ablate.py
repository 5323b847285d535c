"""`mmannot ablate`."""

from pathlib import Path
from typing import Annotated

import typer

from mmannot_tf.cli.arguments import ConfigArgument, JsonOption, RecordsOption, SettingsOption


def ablate(
    config: ConfigArgument,
    data: RecordsOption,
    out: Annotated[Path, typer.Option("--out", help="The runs' folder; a second call resumes there.")],
    readings: Annotated[
        str, typer.Option("--readings", help="Numbers or keys of docs/fidelity.md, comma-separated.")
    ],
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many seeds, from 0.")] = 3,
    measure: Annotated[
        str, typer.Option("--measure", help="Of the table: image_f1, class_f1 or harmonic_f1.")
    ] = "image_f1",
    settings: SettingsOption = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure what readings of the paper are worth: train once for each of their values and each seed."""
    from rich.console import Console

    from mmannot_tf.ablation.effects import MEASURES, effects
    from mmannot_tf.ablation.running import run_variants
    from mmannot_tf.ablation.variants import variants
    from mmannot_tf.config.loading import load
    from mmannot_tf.evaluation.document import document
    from mmannot_tf.report.markdown import effects_table
    from mmannot_tf.report.terminal import render_effects
    from mmannot_tf.workflows.evaluation import evaluate_run
    from tfrecords_tools.reading.records import open_records
    from tfrecords_tools.shell.console import print_json
    from tfrecords_tools.shell.errors import UserError
    from tfrecords_tools.shell.files import write_json
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    if measure not in MEASURES:
        raise UserError(f"--measure must be one of {', '.join(MEASURES)}. Received: {measure}.")
    configuration = load(config, settings or ())
    wanted = variants(configuration, [name for name in readings.split(",") if name])
    for variant in wanted:
        variant.of(configuration, seed=0)
    open_records(data)  # wrong input fails before TensorFlow is loaded
    import_tensorflow()

    evaluations = run_variants(
        configuration,
        wanted,
        data=data,
        out=out,
        seeds=range(seeds),
        evaluate=lambda run: evaluate_run(run, "test", bootstrap=0),
    )
    measured = effects(evaluations)
    write_json(out / "effects.json", document(measured))
    if as_json:
        print_json(document(measured))
    elif markdown:
        typer.echo(effects_table(measured, measure), nl=False)
    else:
        Console().print(render_effects(measured, measure, seeds=seeds))
