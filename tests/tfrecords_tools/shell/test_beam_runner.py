import logging
import sys

import pytest

from tfrecords_tools.shell.beam_runner import BeamRunner
from tfrecords_tools.shell.errors import UserError


def test_a_runner_comes_with_its_options():
    from apache_beam.options.pipeline_options import DirectOptions

    runner, options = BeamRunner("DirectRunner", ("--direct_num_workers=3",)).open()
    assert type(runner).__name__ == "SwitchingDirectRunner"
    assert options.view_as(DirectOptions).direct_num_workers == 3


def test_the_direct_runner_runs_here_and_is_not_downloaded(caplog):
    """Beam's own choice would be Prism, a program from the network; the log says which one runs."""
    import apache_beam as beam

    with caplog.at_level(logging.INFO):
        runner, options = BeamRunner("DirectRunner").open()
        with beam.Pipeline(runner, options) as pipeline:
            _ = pipeline | beam.Create([1]) | beam.Map(str)
    assert "Prism" not in caplog.text


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        (
            "NoRunner",
            (),
            "--beam-runner must be a runner of Beam. Received: Unexpected pipeline runner: NoRunner",
        ),
        ("no.module.Runner", (), "--beam-runner must be a runner of Beam. Received: No module named 'no'"),
        ("DirectRunner", ("workers=2",), "Received: workers=2. Write --beam-option=--NAME=VALUE."),
        (
            "DirectRunner",
            ("--direct_num_workers=two",),
            "--direct_num_workers=two: .*invalid int value: 'two'",
        ),
    ],
)
def test_what_beam_does_not_know_is_refused_in_one_line(capsys, name, options, text):
    with pytest.raises(UserError, match=text) as raised:
        BeamRunner(name, options).open()
    assert "\n" not in str(raised.value)
    assert capsys.readouterr() == ("", "")


def test_without_beam_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam.options.pipeline_options", None)
    with pytest.raises(UserError, match="pip install 'apache-beam>="):
        BeamRunner("DirectRunner").open()
    assert logging.root.manager.disable == logging.NOTSET
