"""Algorithm 1: stages as data, one loop, frozen features, exact resume."""
