"""The effect of a reading of the paper: the same run with one key changed, over several seeds."""
