"""The ways to decide that a model brings along, and what a request makes of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.override import Override
from mmannot_tf.decisions.way import Scores
from mmannot_tf.evaluation.scorer_ways import AnnotatorWays
from mmannot_tf.serving.network import NetworkOutputs

FOLDER = "decisions"
"""The folder of the ways in an export."""
_TAGGED, _UNTAGGED = "tagged", "untagged"


@dataclass(frozen=True)
class Decisions:
    """The ways of a model.

    Attributes:
        tagged: for its heads.
        untagged: for its heads on f_v, which annotate images without a known tag; None where it has none.
    """

    tagged: FittedWays
    untagged: FittedWays | None = None

    @classmethod
    def of(cls, chosen: AnnotatorWays) -> "Decisions":
        """The ways that were fitted on validation."""
        return cls(chosen.tagged.ways, None if chosen.untagged is None else chosen.untagged.ways)

    @property
    def defaults(self) -> dict[str, str]:
        """The names of the ways that decide by default, as `load` needs them."""
        untagged = {} if self.untagged is None else {_UNTAGGED: self.untagged.default}
        return {_TAGGED: self.tagged.default, **untagged}

    @classmethod
    def load(cls, export: Path, defaults: dict[str, str]) -> "Decisions":
        """Reads what `save` wrote.

        Raises:
            UserError: a file is damaged.
        """
        ways = {kind: FittedWays.load(export / FOLDER / kind, default) for kind, default in defaults.items()}
        return cls(ways[_TAGGED], ways.get(_UNTAGGED))

    def save(self, export: Path) -> None:
        """Writes the ways into the version folder of an export."""
        for kind in self.defaults:
            getattr(self, kind).save(export / FOLDER / kind)

    def check(self, override: Override) -> None:
        """Checks that there is the way that an override names.

        Raises:
            UserError: there is none, or it lacks a parameter.
        """
        for ways in filter(None, (self.tagged, self.untagged)):
            ways.under(override)

    def names(self, override: Override) -> dict[str, str]:
        """The names of the ways that decide a request, by the kinds of images that have ways of their own.

        Raises:
            UserError: there is no such way, or it lacks a parameter.
        """
        return {kind: getattr(self, kind).under(override).way.name for kind in self.defaults}

    def names_in_words(self, override: Override) -> str:
        """The same in words: "one_threshold", or "one_threshold (without a known tag: posterior_f)"."""
        tagged, *others = self.names(override).values()
        return tagged if set(others) <= {tagged} else f"{tagged} (without a known tag: {others[0]})"

    def select(self, outputs: NetworkOutputs, tagged: np.ndarray, override: Override) -> NetworkOutputs:
        """The outputs with the labels that a request selects.

        Args:
            outputs: of the network, by any engine.
            tagged: whether each image has a tag of the vocabulary, bool [B].
            override: it names the way, or changes the default one.

        Raises:
            UserError: there is no such way, or it lacks a parameter.
        """
        scores = Scores(outputs.probabilities, outputs.predicted_quantity)
        return replace(outputs, selected=self._by_head(tagged, override, lambda way: way.select(scores)))

    def calibrated(self, outputs: NetworkOutputs, tagged: np.ndarray, override: Override) -> np.ndarray:
        """The probabilities as the way reads them, [B, C]; arguments and errors as for `select`."""
        return self._by_head(tagged, override, lambda way: way.probabilities(outputs.probabilities))

    def _by_head(
        self, tagged: np.ndarray, override: Override, compute: Callable[[FittedWay], np.ndarray]
    ) -> np.ndarray:
        """What the way of each image's heads computes, [B, C]."""
        values = compute(self.tagged.under(override))
        if self.untagged is None:
            return values
        return np.where(tagged[:, np.newaxis], values, compute(self.untagged.under(override)))
