"""NUS-WIDE in its official layout, with its user tags."""
