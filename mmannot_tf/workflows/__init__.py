"""What the commands do with a run: evaluate it, set it beside the paper, write its report."""
