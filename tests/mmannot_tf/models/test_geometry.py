import subprocess
import sys

import pytest

from mmannot_tf.models.geometry import Geometry


@pytest.mark.parametrize("field", ["stride", "stem", "pool", "strided"])
def test_unknown_values_are_refused(field):
    with pytest.raises(ValueError, match=f"{field} must be one of .* Received: {field}='valid'"):
        Geometry(**{field: "valid"})


@pytest.mark.parametrize(
    ("stride", "strided", "taps"),
    [
        ("first_1x1", [None, 1, 1, 1], [3, 4, 6, 3]),
        ("first_3x3", [None, 1, 1, 1], [3, 4, 6, 3]),
        ("last_3x3", [3, 4, 6, None], [2, 3, 5, 3]),  # nets/resnet_v1.py: the last unit of blocks 1 to 3
    ],
)
def test_units_of_resnet50(stride, strided, taps):
    geometry, groups = Geometry(stride), list(enumerate((3, 4, 6, 3), start=2))
    assert [geometry.strided_unit(group, units) for group, units in groups] == strided
    assert [geometry.tap_unit(group, units) for group, units in groups] == taps


@pytest.mark.slow
def test_needs_no_tensorflow():
    code = "import sys, mmannot_tf.models.geometry; sys.exit('keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
