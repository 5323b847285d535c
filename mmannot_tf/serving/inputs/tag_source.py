"""`TagSource`: where the tags of each photograph come from."""

from typing import Protocol

from mmannot_tf.serving.inputs.photograph import Photograph


class TagSource(Protocol):
    """Tags for each photograph."""

    def get(self, photograph: Photograph) -> str:
        """Returns the tags of a photograph as one text, in which commas separate them."""
        ...
