"""The functions that `mmannot_tf` offers directly; import them from there."""
