"""Proposes a configuration for somebody's own records: `mmannot init`. No TensorFlow."""
