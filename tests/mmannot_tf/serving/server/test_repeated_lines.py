"""Which lines each level of the log has."""

import logging

import pytest

from mmannot_tf.serving.server.repeated_lines import LOGGERS, set_up_log


@pytest.fixture
def unchanged():
    """The loggers are afterwards as they were."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    yield
    for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.mark.parametrize(
    ("level", "own", "of_libraries"),
    [
        ("debug", ["debug", "info", "warning", "error"], ["info", "warning", "error"]),
        ("info", ["info", "warning", "error"], ["warning", "error"]),
        ("warning", ["warning", "error"], ["warning", "error"]),
        ("error", ["error"], ["error"]),
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_levels(capsys, level, own, of_libraries):
    set_up_log(level)
    for name in ("mmannot_tf.serving.server.connections", "uvicorn.error"):
        for each in ("debug", "info", "warning", "error"):
            getattr(logging.getLogger(name), each)(each)
    assert capsys.readouterr().err.split() == [*own, *of_libraries]
