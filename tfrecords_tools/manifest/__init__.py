"""A user's own photographs, listed in a CSV or JSON-lines file."""
