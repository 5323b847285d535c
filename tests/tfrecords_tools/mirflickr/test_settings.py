from pathlib import Path

import pytest

from tfrecords_tools.mirflickr.settings import MirflickrSettings
from tfrecords_tools.shell.errors import UserError


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"labels": "some"}, "labels must be all or potential or relevant. Received: 'some'"),
        ({"protocol": "odd"}, "protocol must be modulo or random. Received: 'odd'"),
        ({"protocol": "random", "split_seed": -1}, "split seed must be >= 0. Received: -1"),
        ({"split_seed": 3}, "split seed is for --protocol random. Received: 3"),
        ({"validation_share": 1.0}, "validation share .* Received: 1.0"),
    ],
)
def test_impossible_settings_are_named(wrong, message):
    with pytest.raises(UserError, match=message):
        MirflickrSettings(Path("raw"), **wrong)


def test_images_without_tags_are_kept_and_those_without_labels_dropped():
    content = MirflickrSettings(Path("raw")).as_json()
    assert (content["keep_unlabelled"], content["keep_untagged"]) == (False, True)
