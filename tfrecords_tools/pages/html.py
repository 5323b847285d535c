"""Self-contained HTML pages from a package's templates."""

from __future__ import annotations

from pathlib import Path

from tfrecords_tools.reading.records import Records
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.extras import install_command
from tfrecords_tools.shell.output_file import output_file


def check_page(path: Path, records: Records | None = None) -> Path:
    """Checks that a page can be written to `path`, before the work of making it.

    Args:
        path: the HTML file.
        records: records whose folder may not contain the page; None if there are none.

    Returns:
        The file to write: where `path` is a link, the one that it leads to.

    Raises:
        UserError: a package is missing, or `path` is no regular file or lies in the records' folder.
    """
    try:
        import jinja2  # noqa: F401
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"page needs Jinja2 and Matplotlib. Received: {error}. Run `{install_command('report')}`."
        ) from None
    if records is not None and path.resolve().is_relative_to(records.path.resolve()):
        raise UserError(
            f"page must lie outside the records' folder, where `verify` rejects other files. "
            f"Received: {path}. Name another place."
        )
    return output_file(path, "page")


def render(package: str, template: str, **values: object) -> str:
    """Renders a page as HTML with every value escaped; the same values give the same bytes.

    Args:
        package: the package of the template, which may include this package's `style.css.j2`.
        template: the template's file name.
        **values: the template's variables; a missing one is an error.
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
