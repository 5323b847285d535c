"""The program `mmannot`, as `python -m mmannot_tf`."""

import sys

from tfrecords_tools.shell.program import mmannot

sys.exit(mmannot())
