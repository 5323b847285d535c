"""Proposes a configuration for records, and foretells its training on this machine."""

import math
import shlex
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mmannot_tf.config.loading import parse
from mmannot_tf.config.settings import Config
from mmannot_tf.proposal.collection import Collection, collection_of
from mmannot_tf.proposal.document import document
from mmannot_tf.proposal.forecast import Forecast, forecast
from mmannot_tf.proposal.groups import Way, groups_for
from mmannot_tf.proposal.machine_speed import MachineSpeed
from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.counted import counted
from tfrecords_tools.shell.threads import thread_count

FINE_TUNED_FROM = 2000
"""Training images from which fine-tuning is considered; it gained 1.4 I-F1 with 8,008 (ours)."""
FEW_VALIDATION = 100
"""With fewer validation images, what is chosen on them is mostly noise: 20 misled (docs/how-many.md)."""
FEW_EXAMPLES = 10
"""Training images below which a label is said to have too few (ours)."""


@dataclass(frozen=True)
class Proposal:
    """A configuration for somebody's own records.

    Attributes:
        collection: what it was proposed for.
        way: whether it leaves the network as it is, or fine-tunes it.
        forecast: of its training on this machine.
        fine_tuning: the forecast of fine-tuning, where it takes longer than was asked for.
    """

    collection: Collection
    way: Way
    forecast: Forecast
    fine_tuning: Forecast | None = None

    def text(self, *, records: str, file: str) -> str:
        """The configuration as TOML, each key below its reason; the names are those of its commands."""
        return document([*self._head(records, file)], groups_for(self.collection, self.way))

    def _head(self, records: str, file: str) -> Iterator[str]:
        name = Path(file).stem
        run, export = shlex.quote(f"runs/{name}"), shlex.quote(f"exports/{name}")
        yield "Written by the first command. Change what you like; docs/keys.md lists all keys."
        yield f"  mmannot init {shlex.quote(records)} --out {shlex.quote(file)}"
        yield f"  {training_command(records, file)}"
        yield f"  mmannot evaluate {run}"
        yield f"  mmannot export {run} --out {export} --decide best"
        yield ""
        yield from self.remarks()

    def remarks(self) -> Iterator[str]:
        """What its reader should know, a sentence or two each."""
        counts = self.collection
        yield (
            f"{counted(counts.training, 'photograph')} to train on, {counts.validation:,} to validate on and "
            f"{counts.test:,} to test on; {counted(counts.labels, 'label')}, {counts.labels_per_image:.1f} a "
            f"photograph; {counted(counts.vocabulary, 'tag')}."
        )
        yield f"Foretold for this machine ({thread_count()} cores): {_in_words(self.forecast)}."
        if self.fine_tuning is not None:
            yield (
                f"The network stays as it is. Fine-tuning it would take {_in_words(self.fine_tuning)}; "
                "it gained 1.4 points of F1 with 8,008 photographs (docs/results.md). "
                f"`--minutes {math.ceil(self.fine_tuning.minutes)}` proposes it."
            )
        if counts.rarest_images < FEW_EXAMPLES:
            yield (
                f"The rarest label, {counts.rarest_label!r}, is on {counts.rarest_images} of the training "
                f"photographs: on fewer than {FEW_EXAMPLES} a label is hardly learnt."
            )
        if counts.validation < FEW_VALIDATION:
            yield (
                f"Few validation photographs, {counts.validation:,}: what is chosen on them, such as a "
                "threshold, is mostly noise."
            )


def training_command(records: str, file: str) -> str:
    """The shell command that trains the configuration in `file` on `records`."""
    run = f"runs/{Path(file).stem}"
    return f"mmannot train {shlex.quote(file)} --data {shlex.quote(records)} --run {shlex.quote(run)}"


Measure = Callable[[Config, Path], MachineSpeed]
"""How fast this machine is with a configuration and the records in a folder."""


def propose(records: Records, *, minutes: float, measure: Measure) -> Proposal:
    """Chooses settings by the number of images, and measures this machine.

    Args:
        records: somebody's own photographs.
        minutes: the longest training that is proposed.
        measure: `measure_machine_speed`, which needs TensorFlow.

    Raises:
        UserError: the records cannot be trained on.
    """
    collection = collection_of(records)

    def foretold(way: Way) -> Forecast:
        config = parse(tomllib.loads(document([], groups_for(collection, way))), "the proposal")
        return forecast(config, collection, measure(config, records.path))

    if collection.training < FINE_TUNED_FROM:
        return Proposal(collection, "frozen", foretold("frozen"))
    fine_tuned = foretold("fine-tuned")
    if fine_tuned.minutes <= minutes:
        return Proposal(collection, "fine-tuned", fine_tuned)
    return Proposal(collection, "frozen", foretold("frozen"), fine_tuned)


def _in_words(expected: Forecast) -> str:
    minutes = counted(max(1, round(expected.minutes)), "minute")
    return f"{minutes} and {expected.gigabytes:.1f} GB of memory"
