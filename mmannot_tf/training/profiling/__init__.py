"""What the training of a stage waits for."""
