"""One annotator for all threads of a worker process. Imports TensorFlow."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mmannot_tf.beam.photographs import Photograph, StoredPhotograph
from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.annotation import Result
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.shell.threads import thread_count


class SharedAnnotator:
    """Reads and decodes a batch on threads, then annotates it; one batch at a time is in the network.

    Photographs of any sizes share a batch, because they are decoded to the network's size first.
    """

    def __init__(self, annotator: Annotator):
        """`annotator` selects its engine with the first batch."""
        self._annotator = annotator
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(thread_count())

    def annotate(self, photographs: Sequence[Photograph | StoredPhotograph]) -> list[Result]:
        """Annotates a batch; the results have empty names, and are in the photographs' order."""
        decoded = list(self._threads.map(self._decoded, photographs))
        tags = [photograph.tags for photograph in photographs]
        with self._lock:
            return self._annotator.annotate_readable(decoded, tags, [""] * len(tags))

    def _decoded(self, photograph: Photograph | StoredPhotograph) -> np.ndarray | UnreadableImageError:
        try:
            return self._annotator.decode(photograph.read())
        except UnreadableImageError as error:
            return error
