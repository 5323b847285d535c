"""Results as JSON lines. No TensorFlow."""

import json
from collections.abc import Iterator

from mmannot_tf.serving.annotation import Result


class JsonLines:
    """A `Form`: one JSON object a line, with `image`, `tags`, `model` and either what was found or `error`.

    File names that are no UTF-8 are escaped as Python does, so that the file itself always is.
    """

    header = b""
    start = b'{"image": '

    def line(self, result: Result, model: str) -> bytes:
        """A result as a line."""
        text = json.dumps({**result.document(), "model": model}, ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8", "backslashreplace") + b"\n"

    def records(self, lines: Iterator[str]) -> Iterator[tuple[str, str]]:
        """The image and the model of each line."""
        for line in lines:
            record = json.loads(line)
            if not isinstance(record, dict) or not isinstance(record.get("image"), str):
                raise ValueError("no object with an image")
            yield record["image"], str(record.get("model", ""))
