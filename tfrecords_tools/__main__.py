"""The program `mmannot-records`, as `python -m tfrecords_tools`."""

import sys

from tfrecords_tools.shell.program import mmannot_records

sys.exit(mmannot_records())
