"""Raw image data sets to TFRecords, and back: builders, inspection, verification."""
