"""`mmannot methods`."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer

from mmannot_tf.cli.arguments import JsonOption

if TYPE_CHECKING:
    from mmannot_tf.baselines.method import Method


@dataclass(frozen=True)
class SystemRecord:
    """One compared system, as `--json` prints it.

    Attributes:
        name: of its stage and section.
        row: its name in the tables.
        later_work: whether it is later work than the paper.
        citation: its publication.
        reads: its inputs, in words.
        predicts_quantity: whether it decides how many labels to give.
        differs: the differences from the original, one phrase each.
        settings: the defaults of its section.
    """

    name: str
    row: str
    later_work: bool
    citation: str
    reads: str
    predicts_quantity: bool
    differs: tuple[str, ...]
    settings: Mapping[str, object]


def methods(as_json: JsonOption = False) -> None:
    """List the compared systems: who published each, what it reads, and what differs here."""
    from tfrecords_tools.shell.console import print_json
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    import_tensorflow()

    from mmannot_tf.baselines import METHODS

    if as_json:
        print_json([asdict(_record(method)) for method in METHODS.values()])
        return
    for method in METHODS.values():
        typer.echo("\n".join(_lines(method)))


def _record(method: "Method") -> SystemRecord:
    from mmannot_tf.config.methods import Methods
    from mmannot_tf.evaluation.row_catalogue import row_of

    row = row_of(method.name)
    return SystemRecord(
        name=method.name,
        row=row.method,
        later_work=row.source == "later",
        citation=method.citation,
        reads=method.reads,
        predicts_quantity=method.predicts_quantity,
        differs=method.differs,
        settings=getattr(Methods(), method.name).model_dump(mode="json"),
    )


def _lines(method: "Method") -> Iterator[str]:
    record = _record(method)
    yield f"{record.name}: {record.row}{' (later work)' if record.later_work else ''}"
    yield f"  {record.citation}"
    decides = "decides" if method.predicts_quantity else "does not decide"
    yield f"  reads {record.reads}; {decides} how many labels to give"
    yield from (f"  differs: {phrase}" for phrase in record.differs)
    shown = ", ".join(f"{key} {value}" for key, value in record.settings.items() if value is not None)
    yield f"  [methods.{record.name}] {shown}"
    yield ""
