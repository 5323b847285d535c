"""The compared systems, one small file each. A new one is a new file, a config section, a row and a line here."""
