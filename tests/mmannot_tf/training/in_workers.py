"""Runs any command in the workers of one cluster: a program for tests.

python in_workers.py WORKERS COMMAND…
"""

import sys

from mmannot_tf.cli.launch import run_workers

if __name__ == "__main__":
    sys.exit(run_workers(sys.argv[2:], workers=int(sys.argv[1])))
