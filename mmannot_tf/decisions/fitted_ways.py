"""All ways to decide that were fitted for a scorer, and the one of them that decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from mmannot_tf.decisions.calibration import Method, Uncalibrated, fit_calibration
from mmannot_tf.decisions.catalogue import FOR_NEW_IMAGES, WAYS
from mmannot_tf.decisions.fitted import FittedWay
from mmannot_tf.decisions.one_threshold import OneThreshold
from mmannot_tf.decisions.override import Override, overridden, parameters_of
from mmannot_tf.decisions.predicted_quantity import PredictedQuantity
from mmannot_tf.decisions.score_checks import check_finite
from mmannot_tf.decisions.way import Options, Scores
from tfrecords_tools.shell.errors import UserError

PLAIN_THRESHOLD = 0.5
"""The threshold of `one_threshold` where none was fitted."""


@dataclass(frozen=True)
class FittedWays:
    """The ways of a scorer.

    Attributes:
        default: the name of the way that decides unless a request names another.
        by_name: the ways; never the true quantity.
    """

    default: str
    by_name: Mapping[str, FittedWay]

    @classmethod
    def fit(
        cls, default: str, scores: Scores, labels: np.ndarray, options: Options, calibrated: Method
    ) -> Self:
        """Fits all ways that the scores allow; arguments and errors as for `FittedWay.fit`."""
        check_finite(scores)
        calibration = fit_calibration(calibrated, scores.probabilities, labels, scores.unknown)
        ways = (way for way in FOR_NEW_IMAGES if way.can_be_fitted(scores))
        return cls(
            default,
            {way.name: FittedWay.fit(way, scores, labels, options, calibrated, calibration) for way in ways},
        )

    @classmethod
    def plain(cls, classes: int, options: Options) -> Self:
        """The paper's way, and the others that need no images to be fitted on.

        `one_threshold` has a threshold of 0.5, until a request sets another.

        Args:
            classes: C, the number of labels.
            options: k, least quantity and rounding.
        """
        nothing = Scores(np.zeros((0, classes), np.float32), np.zeros(0, np.float32))
        ways = {
            way.name: FittedWay.fit(way, nothing, np.zeros((0, classes), bool), options)
            for way in WAYS
            if way.needs <= {"quantity"}
        }
        ways[OneThreshold.name] = FittedWay(OneThreshold(PLAIN_THRESHOLD), classes, "none", Uncalibrated())
        return cls(PredictedQuantity.name, ways)

    @classmethod
    def load(cls, folder: Path, default: str) -> Self:
        """Reads what `save` wrote.

        Raises:
            UserError: a file is damaged.
        """
        names = [way.name for way in WAYS if (folder / f"{way.name}.json").is_file()]
        return cls(default, {name: FittedWay.load(folder / f"{name}.json") for name in names})

    def save(self, folder: Path) -> None:
        """Writes a file a way into a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, fitted in self.by_name.items():
            fitted.save(folder / f"{name}.json")

    @property
    def decider(self) -> FittedWay:
        """The way that decides by default."""
        return self.by_name[self.default]

    def under(self, override: Override) -> FittedWay:
        """The way that decides a request.

        Raises:
            UserError: there is no such way, it has no `beta`, or was fitted with fewer labels at most.
        """
        name = override.way or self.default
        if name not in self.by_name:
            is_fitted = any(way.name == name for way in FOR_NEW_IMAGES)
            hint = (
                " It must be fitted first: `mmannot export --decide best` fits all ways." if is_fitted else ""
            )
            raise UserError(
                f"a way to decide must be one of {', '.join(self.by_name)}. Received: {name}.{hint}"
            )
        self._check_bounds(override, name)
        if override.beta is not None and "beta" not in parameters_of(self.by_name[name].way):
            able = [other for other, way in self.by_name.items() if "beta" in parameters_of(way.way)]
            raise UserError(
                f"beta (also as --favour) needs a way that maximises an expected F: "
                f"{', '.join(able) or 'none is here'}. Received: beta {override.beta:g} for {name}."
            )
        return overridden(self.by_name[name], override.values)

    def _check_bounds(self, override: Override, name: str) -> None:
        fitted = self.by_name[name]
        saved = [bound for bound in (fitted.most, getattr(fitted.way, "most", None)) if bound is not None]
        if (
            override.most is None
            and override.least is not None
            and override.least > min(saved, default=override.least)
        ):
            raise UserError(
                f"least must not be above most, which is {min(saved)} in the fitted way. Received: "
                f"{override.least}. Give most, too."
            )
