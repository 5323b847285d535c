"""A page of photographs with their labels, to look at and to send."""

import html
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from mmannot_tf.serving.annotation import Annotation, Result, Unreadable
from mmannot_tf.serving.inputs.photograph import Photograph
from mmannot_tf.serving.inputs.remote_photographs import RemotePhotograph
from mmannot_tf.serving.outputs.output import EarlierAnnotation, Output
from tfrecords_tools.photographs.encoded import encoded_photograph
from tfrecords_tools.photographs.thumbnail import thumbnail_uri
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.shell.addresses import is_address
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import atomic_path
from tfrecords_tools.shell.output_file import output_file

SIDE = 320
"""Largest side of a picture in pixels."""
_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Photographs with labels</title>
<style>
:root { color-scheme: light dark; --paper: #fdfdfc; --ink: #1c1f23; --soft: #5a626c; --card: #f3f4f5;
  --edge: #2f6fb7; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --ink: #e6e8eb; --soft: #a3abb5; --card: #1f2329; --edge: #78a9ec; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 1.5rem 1rem 3rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .8rem; }
ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: 1rem;
  margin: 0; padding: 0; list-style: none; }
li { background: var(--card); border-radius: 8px; padding: .7rem; min-width: 0; }
img { display: block; width: 100%; height: 14rem; object-fit: contain; margin-bottom: .5rem; }
p { margin: .2rem 0; color: var(--soft); font-size: .85rem; }
span { display: inline-block; border: 1px solid var(--edge); border-radius: 4px; padding: 0 .4rem;
  margin: 0 .2rem .3rem 0; font-size: .95rem; color: var(--ink); }
small { color: var(--soft); font-variant-numeric: tabular-nums; }
</style>
<h1>Photographs with labels</h1>
<ul>
"""
_FOOT = "</ul>\n</html>\n"


class WithSheet:
    """Another output, and a page of what it wrote: photographs with labels and probabilities in percent.

    The page is one file that holds all pictures, about 15 kB each. Photographs that the other output had
    already are not on it.

    Attributes:
        already_done: as of the other output.
        earlier_errors: as of the other output.
    """

    def __init__(self, output: Output, page: Path):
        """Begins the page; `close` puts it into its place.

        Raises:
            UserError: `page` is no regular file, or does not end in .html.
        """
        if page.suffix.lower() not in (".html", ".htm"):
            raise UserError(f"--sheet must be a file that ends in .html. Received: {page}.")
        self._output, self._opened = output, ExitStack()
        staging = self._opened.enter_context(atomic_path(output_file(page, "--sheet")))
        self._page: TextIO = self._opened.enter_context(staging.open("w", encoding="utf-8"))
        self._page.write(_HEAD)

    @property
    def already_done(self) -> int:
        """The number of photographs that an earlier run finished."""
        return self._output.already_done

    @property
    def earlier_errors(self) -> int:
        """The number of photographs with an error of an earlier run."""
        return self._output.earlier_errors

    def wants(self, photograph: Photograph) -> bool:
        """Whether the other output wants a photograph."""
        return self._output.wants(photograph)

    def earlier(self, photograph: Photograph) -> EarlierAnnotation | None:
        """What the other output holds of a photograph."""
        return self._output.earlier(photograph)

    def write(self, results: Sequence[Result]) -> list[Result]:
        """Writes a batch to the other output, and then to the page."""
        written = self._output.write(results)
        self._page.writelines(map(_entry, written))
        return written

    def close(self) -> None:
        """Ends the page; the other output is closed by who opened it."""
        with self._opened:
            self._page.write(_FOOT)


def _entry(result: Result) -> str:
    """A photograph as an item of the list."""
    name = html.escape(Path(result.image).name)
    if isinstance(result, Unreadable):
        return f"<li><p>{name}</p><p>{html.escape(result.error)}</p></li>\n"
    picture = f'<img src="{_picture(result.image)}" alt="">'
    return f"<li>{picture}<div>{_labels(result)}</div><p>{name}</p>{_tags(result)}</li>\n"


def _picture(image: str) -> str:
    try:
        photograph = RemotePhotograph(image, image).content() if is_address(image) else Path(image)
        return thumbnail_uri(encoded_photograph(photograph).content, SIDE)[0]
    except UnreadableImageError:  # it was read a moment ago
        return ""


def _labels(annotation: Annotation) -> str:
    words = [
        f"<span>{html.escape(label)} <small>{100 * score:.0f} %</small></span>"
        for label, score in annotation.labels
    ]
    return "".join(words) or "<p>no label</p>"


def _tags(annotation: Annotation) -> str:
    return f"<p>Tags: {html.escape(annotation.tags)}</p>" if annotation.tags else ""
