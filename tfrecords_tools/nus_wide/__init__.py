"""NUS-WIDE in its official layout, user tags as tags."""
