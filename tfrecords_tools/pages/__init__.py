"""HTML pages about records: plots, thumbnails, templates."""
