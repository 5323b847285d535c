"""The start of both programs. It imports little, so that an interrupt finds a handler as early as it can."""

import importlib
import sys


def mmannot() -> int:
    """The program `mmannot`; returns its exit status."""
    return _run("mmannot_tf.cli.main")


def mmannot_records() -> int:
    """The program `mmannot-records`; returns its exit status."""
    return _run("tfrecords_tools.cli.main")


def _run(module: str) -> int:
    """Runs `module.main()`. An interrupt while its modules are imported ends with 130 and one line, too."""
    try:
        main = importlib.import_module(module).main
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return main()
