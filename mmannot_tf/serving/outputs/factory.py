"""Opens the output that the command-line options name."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from mmannot_tf.serving.outputs.csv_rows import CsvRows
from mmannot_tf.serving.outputs.json_lines import JsonLines
from mmannot_tf.serving.outputs.output import Output
from mmannot_tf.serving.outputs.record_file import RecordFile, RecordFormat
from mmannot_tf.serving.outputs.remote_record_file import RemoteRecordFile
from mmannot_tf.serving.outputs.sidecars import Sidecars
from tfrecords_tools.photographs.sidecars import SidecarName
from tfrecords_tools.shell.addresses import is_address
from tfrecords_tools.shell.errors import UserError

RECORD_FORMATS: Mapping[str, Callable[[], RecordFormat]] = {"jsonl": JsonLines, "csv": CsvRows}
SIDECARS = "xmp"


def open_output(
    out: str | Path | None,
    output_format: str | None,
    model: str,
    *,
    retry_errors: bool = True,
    sidecar_name: SidecarName = "full",
    preview: Callable[[str], None] | None = None,
) -> Output | None:
    """Opens the output that `--out` and `--format` name; returns None if neither is given.

    Args:
        out: the file, a path or an address; its suffix names the format unless `output_format` does.
        output_format: a key of `RECORD_FORMATS`, or "xmp" for sidecars, which take no `out`.
        model: identifies in the output the model that annotated.
        retry_errors: whether photographs that a file holds with an error are annotated again.
        sidecar_name: how new sidecars are called.
        preview: receives lines on what would change in sidecars; nothing is written then.

    Raises:
        UserError: the two do not fit together, or something else wrote the file.
    """
    if preview is not None and output_format != SIDECARS:
        raise UserError(
            f"--preview says what would change in sidecars: it needs --format {SIDECARS}, or --undo. Without "
            "--out labels are printed, and nothing is written."
        )
    if out is None and output_format is None:
        return None
    name = output_format or PurePosixPath(out or "").suffix.removeprefix(".").lower()
    if name == SIDECARS:
        if out is not None:
            raise UserError(
                f"--format {SIDECARS} writes beside the photographs and takes no --out. Received: {out}."
            )
        return Sidecars(model, sidecar_name, preview=preview)
    if name not in RECORD_FORMATS:
        formats = f"{', '.join(RECORD_FORMATS)} or {SIDECARS}"
        if output_format is None:
            raise UserError(
                f"--out must end in .{' or .'.join(RECORD_FORMATS)}, or --format must name the format: "
                f"{formats}. Received: {out}."
            )
        raise UserError(f"--format must be {formats}. Received: {name}.")
    if out is None:
        raise UserError(f"--format {name} needs a file. Received: no --out.")
    if is_address(str(out)):
        return RemoteRecordFile(str(out), RECORD_FORMATS[name](), model, retry_errors=retry_errors)
    file = Path(out)
    if file.is_dir():
        raise UserError(f"--out must be a file. Received: {file}, which is a folder.")
    return RecordFile(file, RECORD_FORMATS[name](), model, retry_errors=retry_errors)
