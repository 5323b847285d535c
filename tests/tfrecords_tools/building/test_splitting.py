import hashlib

import pytest

from tfrecords_tools.building.splitting import check_range, check_share, is_held_out, uniform_hash
from tfrecords_tools.shell.errors import UserError


def test_held_out_is_a_pure_function_of_the_id():
    first_bits = hashlib.sha256(b"139").hexdigest()[:16]
    assert uniform_hash("139") == pytest.approx(int(first_bits, 16) / 2**64, abs=2**-52)
    held = [is_held_out(str(image), 0.1) for image in range(20_000)]
    assert sum(held) == pytest.approx(2000, abs=5 * (20_000 * 0.1 * 0.9) ** 0.5)
    assert all(is_held_out(str(image), 0.2) for image in range(20_000) if held[image])


@pytest.mark.parametrize("value", [0, 1, -0.1, float("nan")])
def test_a_share_of_nothing_or_all_is_refused(value):
    with pytest.raises(UserError, match="validation share must lie in"):
        check_share("validation share", value)
    assert check_share("validation share", 0.5) == 0.5


def test_bounds_are_inclusive():
    assert check_range("bad share", 1, minimum=0, maximum=1) == 1
    with pytest.raises(UserError, match=r"bad share must lie in \[0, 1\]. Received: 2"):
        check_range("bad share", 2, minimum=0, maximum=1)
