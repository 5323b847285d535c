"""`OwnTags`: the tags that come with a photograph."""

from dataclasses import dataclass

from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.inputs.tag_source import TagSource


@dataclass(frozen=True)
class OwnTags:
    """The tags that a photograph has in a list or a record; else those of another source.

    Attributes:
        others: the tags of photographs that came without any: of each, or of all.
    """

    others: TagSource | str

    def get(self, photograph: Photograph) -> str:
        """Returns the tags of a photograph as one text."""
        if photograph.tags is not None:
            return photograph.tags
        return self.others if isinstance(self.others, str) else self.others.get(photograph)
