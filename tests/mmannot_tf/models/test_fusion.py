from itertools import pairwise

import numpy as np
import pytest

from mmannot_tf.models.fusion import build_fusion

PAPER = [(112, 112, 64), (56, 56, 256), (28, 28, 512), (14, 14, 1024), (7, 7, 2048)]
SMALL = [(32, 32, 2), (16, 16, 3), (8, 8, 4), (4, 4, 5), (2, 2, 6)]


def _fusion(shapes):
    return build_fusion(shapes, momentum=0.9997, epsilon=1e-3)


def test_widths_are_those_of_fig_4():
    fusion = _fusion(PAPER)
    for number, (inner, outer) in enumerate([(64, 256), (256, 512), (512, 1024), (1024, 2048)], start=2):
        assert fusion.get_layer(f"fusion{number}_phi1_conv").kernel.shape == (3, 3, inner, inner)
        assert fusion.get_layer(f"fusion{number}_phi2_conv").kernel.shape == (1, 1, inner, outer)
    assert fusion.output_shape == (None, 2048)


def test_parameters_are_those_of_four_blocks_without_biases():
    channels = [64, 256, 512, 1024, 2048]
    expected = sum(9 * c * c + c * d + 4 * c + 4 * d for c, d in pairwise(channels))
    assert _fusion(PAPER).count_params() == expected


def _pass_through(fusion):
    """Makes each φ a selection: φ1 takes the middle of its window, φ2 copies the channels it is given."""
    for layer in fusion.layers:
        if layer.name.endswith("_conv"):
            kernel = np.zeros(layer.kernel.shape, np.float32)
            middle = kernel.shape[0] // 2
            kernel[middle, middle] = np.eye(*kernel.shape[2:])
            layer.kernel.assign(kernel)
        elif layer.name.endswith("_bn"):
            layer.moving_variance.assign(np.ones(layer.moving_variance.shape) - layer.epsilon)


def test_scales_are_added_from_the_finest_to_the_coarsest():
    fusion = _fusion(SMALL)
    _pass_through(fusion)
    rng = np.random.default_rng(0)
    maps = [rng.uniform(0, 1, (2, *shape)).astype(np.float32) for shape in SMALL]
    fused = maps[0]
    for scale in maps[1:]:
        # Even sides are padded behind only, so windows start at 0, 2, … and their middles are 1, 3, …
        kept = np.maximum(fused[:, 1::2, 1::2], 0)
        fused = scale + np.pad(kept, [(0, 0)] * 3 + [(0, scale.shape[-1] - kept.shape[-1])])
    np.testing.assert_allclose(fusion(maps), fused.mean((1, 2)), rtol=1e-5)


@pytest.mark.parametrize("scale", range(5))
def test_every_scale_reaches_the_feature(scale):
    fusion = _fusion(SMALL)
    maps = [np.random.default_rng(0).normal(size=(1, *shape)).astype(np.float32) for shape in SMALL]
    before = fusion(maps).numpy()
    maps[scale] = 2 * maps[scale]
    assert np.abs(fusion(maps).numpy() - before).max() > 1e-4


def test_a_small_gamma_is_where_the_last_scale_of_each_block_starts_and_nothing_else_changes():
    gentle = build_fusion(SMALL, momentum=0.9997, epsilon=1e-3, gamma=0.01)
    starts = {variable.path: set(variable.numpy().ravel()) for variable in gentle.weights}
    for number in range(2, 6):
        assert starts[f"fusion{number}_phi1_bn/gamma"] == {1.0}
        assert starts[f"fusion{number}_phi2_bn/gamma"] == {np.float32(0.01)}
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(3, *shape)).astype(np.float32) for shape in SMALL]
    cnn = maps[-1].mean((1, 2))
    assert np.abs(gentle(maps) - cnn).max() < 0.05 * np.abs(_fusion(SMALL)(maps) - cnn).max()


@pytest.mark.parametrize(
    ("shapes", "strides"),
    [
        (SMALL, [2, 2, 2, 2]),
        ([(56, 56, 2), (28, 28, 3), (14, 14, 4), (7, 7, 5)], [2, 2, 2]),
        ([(38, 30, 2), (10, 8, 3), (10, 8, 4), (4, 3, 5)], [4, 1, 3]),
    ],
)
def test_strides_follow_from_the_sizes_of_any_number_of_maps(shapes, strides):
    fusion = _fusion(shapes)
    blocks = [fusion.get_layer(f"fusion{number}_phi1_conv") for number in range(2, len(shapes) + 1)]
    assert [block.strides for block in blocks] == [(stride, stride) for stride in strides]
    assert fusion.output_shape == (None, shapes[-1][-1])


@pytest.mark.parametrize("coarse", [(5, 5), (4, 2), (16, 16)])
def test_sizes_without_a_common_stride_are_refused(coarse):
    with pytest.raises(ValueError, match=rf"Received: sizes \(8, 8\) and \({coarse[0]}, {coarse[1]}\)"):
        _fusion([(8, 8, 2), (*coarse, 3)])
