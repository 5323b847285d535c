"""The compared systems, one small file each. A new one is a new file, config section, row and line here."""
