"""The paper as data: its printed tables, its open points, and comparisons of our rows with its own."""
