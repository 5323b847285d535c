"""The compared systems, one small file each.

A new one is a module here with its `METHOD`, and its settings and entry in `mmannot_tf.config.methods`.
"""

from collections.abc import Mapping
from importlib import import_module

from mmannot_tf.baselines.method import Method
from mmannot_tf.config.methods import in_table_order

METHODS: Mapping[str, Method] = {
    system.name: import_module(f"mmannot_tf.baselines.{system.name}").METHOD for system in in_table_order()
}
"""In the order of Table III, then later work."""
