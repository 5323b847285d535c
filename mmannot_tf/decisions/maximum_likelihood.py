"""Logistic regression with one input and a normal prior, for many columns at once."""

import numpy as np

LARGEST_ODDS = 30.0
"""Log odds are clipped to it, for their exponential must be finite (ours)."""
_STEPS = 50


def maximum_likelihood(
    inputs: np.ndarray,
    labels: np.ndarray,
    free: tuple[bool, bool],
    prior: np.ndarray,
    counted: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Slope and intercept of each column's logistic regression with a normal prior, by Newton's method.

    A step that does not lower a column's loss is halved until it does.

    Args:
        inputs: [N, C] float.
        labels: [N, C] bool.
        free: whether the slope and the intercept may move.
        prior: their means, [2, C] or [2, 1]; the variance is 1.
        counted: the weight of each row of each column.

    Returns:
        [2, C] float64.
    """
    centre = np.repeat(np.asarray(prior, np.float64), inputs.shape[1] // prior.shape[1], axis=1)
    x, is_free, weights = np.asarray(inputs, np.float64), np.array(free, np.float64)[:, np.newaxis], centre

    def loss(weights: np.ndarray) -> np.ndarray:
        odds = weights[0] * x + weights[1]
        losses = (np.logaddexp(0, odds) - labels * odds) * counted
        return losses.sum(axis=0) + ((weights - centre) ** 2).sum(axis=0) / 2

    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(weights[0] * x + weights[1], -LARGEST_ODDS, LARGEST_ODDS)))
        error, curvature = (labels - p) * counted, p * (1 - p) * counted
        gradient = np.stack([(error * x).sum(axis=0), error.sum(axis=0)]) - (weights - centre)
        a, b, c = 1 + (curvature * x * x).sum(axis=0), (curvature * x).sum(axis=0), 1 + curvature.sum(axis=0)
        b = b * is_free.all()
        step = np.stack([c * gradient[0] - b * gradient[1], a * gradient[1] - b * gradient[0]]) / (
            a * c - b * b
        )
        step = step * is_free
        before = loss(weights)
        for _ in range(_STEPS):
            is_worse = loss(weights + step) > before
            if not is_worse.any():
                break
            step = np.where(is_worse, step / 2, step)
        weights = weights + step
        if np.abs(step).max() < 1e-8:
            break
    return weights
