"""What the commands do with a run: evaluate it, compare it with the paper, write its report."""
