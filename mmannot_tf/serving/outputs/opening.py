"""Which output the options ask for. No TensorFlow."""

from pathlib import Path

from mmannot_tf.serving.outputs.csv_rows import CsvRows
from mmannot_tf.serving.outputs.json_lines import JsonLines
from mmannot_tf.serving.outputs.lines import LineFile
from mmannot_tf.serving.outputs.output import Output
from mmannot_tf.serving.outputs.sidecars import Sidecars
from tfrecords_tools.shell.errors import UserError

FORMS = {"jsonl": JsonLines, "csv": CsvRows}
SIDECARS = "xmp"


def open_output(out: Path | None, form: str | None, model: str) -> Output | None:
    """Opens what `--out` and `--format` name; None where they name nothing.

    Args:
        out: the file; its suffix says the form where `form` does not.
        form: a key of `FORMS`, or "xmp" for sidecars, which take no `out`.
        model: says in the output what annotated.

    Raises:
        UserError: the two do not go together, or the file was begun by something else.
    """
    if out is None and form is None:
        return None
    form = form or (out.suffix.removeprefix(".").lower() if out else "")
    if form == SIDECARS:
        if out is not None:
            raise UserError(
                f"--format {SIDECARS} writes beside the photographs and takes no --out. Received: {out}."
            )
        return Sidecars(model)
    if form not in FORMS:
        raise UserError(f"--format must be {', '.join(FORMS)} or {SIDECARS}. Received: {out or form}.")
    if out is None:
        raise UserError(f"--format {form} needs a file. Received: no --out.")
    if out.is_dir():
        raise UserError(f"--out must be a file. Received: {out}, which is a folder.")
    return LineFile(out, FORMS[form](), model)
