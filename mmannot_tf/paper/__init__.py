"""The paper as data: its printed tables, its open points, and our rows beside its own."""
