"""Pages of HTML: one file each that needs nothing else, made from a template of a package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.errors import UserError


def check_page(path: Path, records: Records | None = None) -> None:
    """Whether a page can be written to `path`; to be asked before the work that fills it.

    Args:
        path: the HTML file.
        records: that it may not lie among; None where they are not at hand.

    Raises:
        UserError: a package is missing, or `path` is a folder or lies among the records.
    """
    try:
        import jinja2  # noqa: F401
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"page needs Jinja2 and Matplotlib. Received: {error}. Run `pip install mmannot-tf[report]`."
        ) from None
    if path.is_dir():
        raise UserError(f"page must be a file. Received: {path}, a folder. Name a file in it.")
    if records is not None and path.resolve().is_relative_to(records.path.resolve()):
        raise UserError(
            f"page must lie outside the records' folder, whose every file is accounted for. "
            f"Received: {path}. Name another place."
        )


def render(package: str, template: str, **values: Any) -> str:
    """The page's HTML, every value escaped; the same values give the same bytes.

    Args:
        package: whose folder holds the template; it may include this package's `style.css.j2`.
        template: the file's name.
        **values: what the template names; one that it names and does not get is an error.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, ""), PackageLoader(__package__, "")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values)
