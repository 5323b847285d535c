"""What a reading of the paper is worth: the same run with one key changed, over several seeds."""
