"""Checks of the scores that ways are fitted on or applied to."""

import numpy as np

from mmannot_tf.decisions.calibration import are_probabilities
from mmannot_tf.decisions.way import Scores
from tfrecords_tools.shell.errors import UserError


def check_probabilities(scores: np.ndarray) -> None:
    """Checks that scores lie between 0 and 1, as those that a way was fitted on; up to rounding.

    Raises:
        UserError: one does not; the message has the one that is farthest away.
    """
    if are_probabilities(scores):
        return
    beyond = np.nan_to_num(np.maximum(-scores, scores - 1), nan=-np.inf)
    image, label = np.unravel_index(np.argmax(beyond), scores.shape)
    raise UserError(
        "scores must be from 0 to 1, as those that the way was fitted on. Received: "
        f"{scores[image, label]:.9g} in row {image + 1}, column {label + 1}, and "
        f"{np.count_nonzero(beyond > 0) - 1:,} others."
    )


def check_finite(scores: Scores) -> None:
    """Checks that scores and quantities can be fitted on.

    Raises:
        UserError: one is NaN, or infinite as a float32.
    """
    for name, values in (("scores", scores.probabilities), ("quantities", scores.quantity)):
        if values is None:
            continue
        with np.errstate(over="ignore"):
            count = np.count_nonzero(~np.isfinite(np.asarray(values, np.float32)))
        if count:
            raise UserError(
                f"{name} that a way is fitted on must be finite. Received: {count:,} NaN or infinite ones."
            )
