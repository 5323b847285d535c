import pytest

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.shell.errors import UserError


def test_the_tolerance_does_not_decide_the_content():
    assert Rules(bad_share=0.5).as_json() == Rules().as_json()
    assert Rules(keep_untagged=True).as_json() != Rules().as_json()


def test_rules_that_came_later_are_named_only_where_they_change_something():
    former = {"keep_unlabelled", "keep_untagged", "placeholder_copies", "repair_labels"}
    assert Rules().as_json().keys() == former
    assert Rules(quick_check=True, leakage="keep-test").as_json().keys() == {
        *former,
        "quick_check",
        "leakage",
    }


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_an_impossible_share_is_named(share):
    with pytest.raises(UserError, match=f"bad share must lie in .* Received: {share}"):
        Rules(bad_share=share)
