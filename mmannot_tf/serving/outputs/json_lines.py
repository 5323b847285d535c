"""Results as JSON lines."""

import json
from collections.abc import Iterator

from mmannot_tf.serving.annotation import Result
from mmannot_tf.serving.outputs.record_file import StoredRecord


class JsonLines:
    """A `RecordFormat`: a JSON object per line, with `image`, `tags`, `model`, and the annotation or `error`.

    File names that are not UTF-8 are escaped with backslashes, so the file itself is always UTF-8.
    """

    header = b""
    start = b'{"image": '

    def line(self, result: Result, model: str) -> bytes:
        """Returns a result as a line."""
        text = json.dumps({**result.document(), "model": model}, ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8", "backslashreplace") + b"\n"

    def records(self, lines: Iterator[str]) -> Iterator[StoredRecord]:
        """Yields the lines' records."""
        for line in lines:
            record = json.loads(line)
            if not isinstance(record, dict) or not isinstance(record.get("image"), str):
                raise ValueError("not an object with an image")
            model, error, tags = (str(record.get(key, "")) for key in ("model", "error", "tags"))
            yield StoredRecord(record["image"], model, error, tags)
