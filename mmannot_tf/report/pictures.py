"""The images of the cases, out of the records."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tfrecords_tools.pages.thumbnail import thumbnail
from tfrecords_tools.reading.records import Records, data_loss_as_user_error, read


@dataclass(frozen=True)
class Picture:
    """An image as a page shows it.

    Attributes:
        image: a `data:` URI.
        width: in pixels.
        height: in pixels.
        tags: its own, as recorded.
    """

    image: str
    width: int
    height: int
    tags: tuple[str, ...]


def pictures(records: Records, split: str, ids: Collection[str]) -> Mapping[str, Picture]:
    """The images of those ids; reads the split until it has them all, and decodes no other.

    Raises:
        UserError: a shard is corrupt, or an image does not decode.
    """
    pictures_by_id: dict[str, Picture] = {}
    wanted = set(ids)
    with data_loss_as_user_error(records):
        for example in read(records, split).as_numpy_iterator():
            name = example["id"].decode()
            if name in wanted:
                uri, (width, height) = thumbnail(records, name, example["image"])
                tags = tuple(tag.decode() for tag in example["tags"])
                pictures_by_id[name] = Picture(uri, width, height, tags)
            if len(pictures_by_id) == len(wanted):
                break
    return pictures_by_id
