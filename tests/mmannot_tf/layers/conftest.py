import numpy as np
import pytest


def _convolution(x, kernel, strides):
    """A "same" convolution by loops over the kernel, padding as TensorFlow documents it."""
    batch, height, width, _ = x.shape
    size = kernel.shape[0]
    out = -(-height // strides), -(-width // strides)
    total = [max((o - 1) * strides + size - n, 0) for o, n in zip(out, (height, width), strict=True)]
    x = np.pad(x, [(0, 0), *((t // 2, t - t // 2) for t in total), (0, 0)])
    result = np.zeros((batch, *out, kernel.shape[-1]))
    for row in range(size):
        for column in range(size):
            window = x[
                :, row : row + out[0] * strides : strides, column : column + out[1] * strides : strides
            ]
            result += window[:, : out[0], : out[1]] @ kernel[row, column]
    return result


@pytest.fixture
def numpy_phi():
    """φ of eq. 3 in float64 numpy: (x, weights of conv and BN, strides, epsilon) -> map."""

    def phi(x, kernel, norm, *, strides, epsilon):
        gamma, beta, mean, variance = norm
        x = _convolution(x.astype(np.float64), kernel, strides)
        return np.maximum(gamma * (x - mean) / np.sqrt(variance + epsilon) + beta, 0.0)

    return phi


@pytest.fixture
def randomise():
    """Sets a model's weights to random ones, variances positive."""

    def set_weights(model, seed=0):
        rng = np.random.default_rng(seed)
        for variable in model.variables:
            low = 0.5 if variable.name in ("moving_variance", "gamma") else -0.5
            variable.assign(rng.uniform(low, low + 1.0, variable.shape))

    return set_weights
