"""The training loop of a stage: steps, checkpoints, logs, signals."""
