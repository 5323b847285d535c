"""MS-COCO in its official layout, with the words of captions as tags."""
