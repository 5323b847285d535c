from pathlib import Path

import pytest

from tfrecords_tools.mscoco.settings import MscocoSettings
from tfrecords_tools.shell.errors import UserError


@pytest.mark.parametrize(
    ("wrong", "received"),
    [
        ({"year": 2015}, "year.*2015"),
        ({"validation_share": 0.0}, "validation share.*0.0"),
        ({"tokens": "x"}, "tokens must be letters or whitespace.*'x'"),
        ({"stop_words": "x"}, "stop words must be drop or keep.*'x'"),
        ({"source": "x"}, "source must be raw or tfds.*'x'"),
        ({"raw": None}, "Pass --raw, or --source tfds"),
        ({"tfds_dir": Path("t")}, "Received: t. Omit --tfds-dir"),
        ({"source": "tfds"}, "Received: raw. Omit --raw"),
        ({"source": "tfds", "raw": None, "year": 2017}, "2014 with --source tfds. Received: 2017"),
    ],
)
def test_impossible_settings_are_named(wrong, received):
    with pytest.raises(UserError, match=received):
        MscocoSettings(**{"raw": Path("raw"), **wrong})


def test_the_folders_do_not_decide_the_content_and_the_route_does():
    files, tfds = MscocoSettings(Path("a")), MscocoSettings(source="tfds", tfds_dir=Path("t"))
    assert files.as_json() == MscocoSettings(Path("b")).as_json()
    assert tfds.as_json() == MscocoSettings(source="tfds", year=2014).as_json()
    assert files.as_json() | {"source": "tfds"} == tfds.as_json() != files.as_json()
