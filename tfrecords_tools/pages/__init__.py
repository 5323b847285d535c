"""Pages of HTML about records, with plots and thumbnails."""
