"""Photographs as people have them: formats, orientation, sidecars and the keywords inside."""
