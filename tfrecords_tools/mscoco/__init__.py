"""MS-COCO in its official layout, captions as tags."""
