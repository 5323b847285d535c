"""Per-example losses of the four branches (Sec. III-D)."""
