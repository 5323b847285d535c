from pathlib import Path
from typing import get_args

import pytest

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.nus_wide.protocols import PROTOCOLS
from tfrecords_tools.nus_wide.settings import NusWideSettings, ProtocolName
from tfrecords_tools.shell.errors import UserError


def test_the_command_line_offers_every_protocol():
    assert get_args(ProtocolName) == tuple(PROTOCOLS)


@pytest.mark.parametrize("wrong", [{"protocol": "5k"}, {"validation_share": 0.0}, {"validation_share": 1.0}])
def test_impossible_settings_are_named(wrong):
    with pytest.raises(UserError, match=str(*wrong.values())):
        NusWideSettings(Path("raw"), **wrong)


@pytest.mark.parametrize(
    ("protocol", "keep_unlabelled", "keep_untagged"),
    [
        ("paper", False, False),
        ("official-all", True, True),
        ("150000-59347", False, True),
        ("150000-40253", False, False),
    ],
)
def test_the_rules_of_a_protocol_are_in_the_settings(protocol, keep_unlabelled, keep_untagged):
    content = NusWideSettings(Path("raw"), protocol=protocol).as_json()
    assert (content["keep_unlabelled"], content["keep_untagged"]) == (keep_unlabelled, keep_untagged)


def test_rules_asked_for_stay():
    asked = Rules(keep_unlabelled=True, repair_labels=True, placeholder_copies=3)
    assert PROTOCOLS["paper"].rules(asked) == asked
    assert PROTOCOLS["official-all"].rules(asked).repair_labels
