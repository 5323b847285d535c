"""A page about a run: what came of it in tables, plots and pictures."""
