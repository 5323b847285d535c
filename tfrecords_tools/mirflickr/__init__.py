"""MIRFLICKR-25k in its official layout, with the tags of its photographs' owners."""
