"""`mmannot decide`."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mmannot_tf.cli.arguments import (
    DEFAULT_RESAMPLES,
    BetaOption,
    BootstrapOption,
    FavourOption,
    JsonOption,
    MostOption,
    given_beta,
)

if TYPE_CHECKING:
    from mmannot_tf.decisions.override import Override
    from mmannot_tf.workflows.deciding import Decision, ScoreFiles

Measure = Literal["I-F1", "C-F1", "H-F1"]
Names = Literal["auto", "none", "labels", "images", "both"]
DEFAULT_SHARE = 0.5


def decide(
    scores: Annotated[
        Path,
        typer.Argument(
            metavar="SCORES", help="CSV, npy or npz (FILE:ARRAY): a row an image, a column a label."
        ),
    ],
    labels: Annotated[
        Path | None, typer.Argument(metavar="[LABELS]", help="The true labels as 0 and 1, in the same order.")
    ] = None,
    quantity: Annotated[
        Path | None, typer.Option("--quantity", help="A predicted number of labels for each image.")
    ] = None,
    fit_scores: Annotated[Path | None, typer.Option("--fit-scores", help="Scores to fit on.")] = None,
    fit_labels: Annotated[Path | None, typer.Option("--fit-labels", help="Their true labels.")] = None,
    fit_quantity: Annotated[
        Path | None, typer.Option("--fit-quantity", help="Their predicted numbers of labels.")
    ] = None,
    share: Annotated[
        float,
        typer.Option(
            "--share", min=0.0, max=1.0, help="Share of the images to fit on, without --fit-scores."
        ),
    ] = DEFAULT_SHARE,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Draws that share.")] = 0,
    way: Annotated[str, typer.Option("--way", help="best, paper, or a way's name.")] = "best",
    measure: Annotated[Measure, typer.Option("--measure", help="What the best way is best for.")] = "I-F1",
    k: Annotated[int | None, typer.Option("--k", min=0, help="Labels of every image, for top_k; 3.")] = None,
    least: Annotated[
        int | None,
        typer.Option("--least", min=0, help="The least number of labels, for ways that take one; 1."),
    ] = None,
    most: MostOption = None,
    beta: BetaOption = None,
    favour: FavourOption = None,
    save: Annotated[Path | None, typer.Option("--save", help="Write the fitted way here (JSON).")] = None,
    fitted: Annotated[
        Path | None, typer.Option("--with", help="Apply a way that --save wrote; LABELS are not needed.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the selected labels: CSV or npy.")] = None,
    names: Annotated[
        Names, typer.Option("--names", help="What CSV files name, where they do not show it themselves.")
    ] = "auto",
    bootstrap: BootstrapOption = DEFAULT_RESAMPLES,
    as_json: JsonOption = False,
) -> None:
    """Decide how many labels each image gets, from the scores of any model: compare all ways."""
    from mmannot_tf.decisions.matrix_files import check_format
    from mmannot_tf.decisions.override import Override
    from mmannot_tf.decisions.way import Options
    from mmannot_tf.evaluation.metrics import SYMBOLS
    from mmannot_tf.evaluation.resampling import Resampling
    from mmannot_tf.evaluation.scorer_ways import BEST
    from mmannot_tf.workflows.deciding import ScoreFiles, common_names, split_rows
    from mmannot_tf.workflows.deciding import decide as decide_by_evidence
    from tfrecords_tools.shell.errors import UserError
    from tfrecords_tools.shell.output_file import output_file

    weight = given_beta(beta, favour)
    asked = Override(None, None, k, least, most, weight)
    files = ScoreFiles(scores, labels, quantity, names)
    others = ScoreFiles(fit_scores, fit_labels, fit_quantity, names) if fit_scores is not None else None
    if out is not None:
        check_format(out)
        out = output_file(out, "--out")
    if save is not None:
        save = output_file(save, "--save")
    _check_outputs(
        [save, out], [*files.paths, *(others.paths if others else ()), *([fitted] if fitted else ())]
    )
    if fitted is not None:
        _check_unused(
            {
                "LABELS": labels,
                "--fit-scores": fit_scores,
                "--fit-labels": fit_labels,
                "--fit-quantity": fit_quantity,
                "--share": share if share != DEFAULT_SHARE else None,
                "--seed": seed or None,
                "--measure": measure if measure != "I-F1" else None,
                "--bootstrap": bootstrap if bootstrap != DEFAULT_RESAMPLES else None,
                "--save": save,
                "--json": as_json or None,
            }
        )
        _apply(fitted, files, None if way == BEST else way, asked, out)
        return
    if others is None:
        if fit_labels is not None or fit_quantity is not None:
            raise UserError("--fit-labels and --fit-quantity need --fit-scores. Received: none.")
        fit, scored = split_rows(files.read(), share, seed)
    else:
        if (quantity is None) != (fit_quantity is None):
            raise UserError("--quantity and --fit-quantity need each other. Received: one of them.")
        fit, scored = others.read(), files.read()
        _note_same_images(files, others)
    decision = decide_by_evidence(
        fit,
        scored,
        way=way,
        measure=next(name for name, symbol in SYMBOLS.items() if symbol == measure),
        label_names=common_names("labels", {**files.label_names, **(others.label_names if others else {})}),
        options=Options(k=3 if k is None else k, least=_least(least, most), most=most, beta=weight or 1.0),
        resampling=Resampling(draws=bootstrap) if bootstrap else None,
    )
    _print(decision, as_json)
    if out is not None:
        files.select(decision.fitted, out)
    if save is not None:
        decision.fitted.save(save)


def _check_unused(values: dict[str, object]) -> None:
    """Checks that nothing is given that `--with` has no use for.

    Raises:
        UserError: something is.
    """
    from tfrecords_tools.shell.errors import UserError

    for name, value in values.items():
        if value is not None:
            raise UserError(f"--with compares and fits nothing, so it takes no {name}. Received: {value}.")


def _note_same_images(files: "ScoreFiles", others: "ScoreFiles") -> None:
    """Says where the images to fit on are those that are scored."""
    from tfrecords_tools.shell.console import notice

    if files.scores.resolve() == others.scores.resolve():
        notice(
            "note: ways are fitted on the images that they are scored on, which flatters those that fit most"
        )


def _apply(fitted: Path, files: "ScoreFiles", way: str | None, asked: "Override", out: Path | None) -> None:
    """Writes the labels that a saved way selects."""
    from mmannot_tf.decisions.fitted import FittedWay
    from mmannot_tf.decisions.fitted_ways import FittedWays
    from tfrecords_tools.shell.console import notice
    from tfrecords_tools.shell.errors import UserError

    if out is None:
        raise UserError("--with needs --out, a file for the selected labels. Received: none.")
    loaded = FittedWay.load(fitted)
    name = loaded.way.name
    if "true_quantity" in loaded.way.needs:
        raise UserError(f"a way to decide must do without the true quantity. Received: {name} in {fitted}.")
    asked = replace(asked, decision=way)
    if asked.way not in (None, name):
        raise UserError(
            f"--with applies the way that was saved, {name}. Received: {asked.way}, by --way or --k. Fit it "
            f"with `mmannot decide SCORES LABELS --way {asked.way} --save FILE`."
        )
    decider = FittedWays(name, {name: loaded}).under(asked)
    mean = files.select(decider, out)
    notice(f"{decider.way.title} ({name}): {mean:.2f} labels an image; written: {out}")


def _check_outputs(outputs: list[Path | None], inputs: list[Path]) -> None:
    """Checks that no file is written that is also read, or written twice.

    Raises:
        UserError: one is.
    """
    from tfrecords_tools.shell.errors import UserError

    written = [path.resolve() for path in outputs if path is not None]
    read = [path.resolve() for path in inputs]
    for place, path in enumerate(written):
        if path in read or path in written[:place]:
            raise UserError(
                f"--out and --save must be files of their own. Received: {path}, which is another file too."
            )


def _least(least: int | None, most: int | None) -> int:
    """The least number of labels: 1 by default, 0 where no label is the most."""
    return least if least is not None else 1 if most is None else min(1, most)


def _print(decision: "Decision", as_json: bool) -> None:
    from mmannot_tf.evaluation.document import document
    from tfrecords_tools.shell.console import print_json

    if as_json:
        print_json(document({"picked": decision.fitted.way.name, "comparison": decision.comparison}))
        return
    from rich.console import Console

    from mmannot_tf.report.ways import CONVENTION, render_ways

    console = Console()
    console.print(render_ways(decision.comparison))
    console.print(CONVENTION)
    picked = decision.fitted.way
    console.print(f"Picked: {picked.title} ({picked.name}).")
