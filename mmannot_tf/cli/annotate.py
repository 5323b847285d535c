"""`mmannot annotate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmannot_tf.cli.arguments import JsonOption

if TYPE_CHECKING:
    from mmannot_tf.serving.annotate import Annotation


def annotate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A run or an export.")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="JPEG or PNG files.")],
    tags: Annotated[str, typer.Option("--tags", help="Comma-separated tags of the images.")] = "",
    tags_file: Annotated[
        Path | None, typer.Option("--tags-file", help="CSV: image,tags (overrides --tags).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Label photographs, each with as many labels as the model decides."""
    from tfrecords_tools.console import notice, print_json
    from tfrecords_tools.errors import UserError
    from tfrecords_tools.quiet import import_tensorflow

    if not model.is_dir():
        raise UserError(
            f"MODEL must be the folder of a run or an export. Received: {model}, which does not exist."
        )

    import_tensorflow()
    from mmannot_tf.serving import annotate as serving

    texts = {str(image): tags for image in images} | (serving.read_tags(tags_file) if tags_file else {})
    faults = {image: fault for image in images if (fault := serving.unreadable(image))}
    readable = [image for image in images if image not in faults]
    annotations = []
    for annotation in serving.annotate(serving.load_signature(model), readable, tags=texts):
        annotations.append(_document(annotation))
        if not as_json:
            typer.echo(_line(annotation))
    if as_json:
        print_json(annotations)
    for image, fault in faults.items():
        notice(f"error: {image}: {fault}")
    if faults:
        raise UserError(
            f"every image must be a readable JPEG or PNG. Received: {len(faults)} that are not, named above."
        )


def _document(annotation: "Annotation") -> dict[str, Any]:
    return {
        "image": annotation.image,
        "tags": annotation.tags,
        "predicted_quantity": annotation.predicted_quantity,
        "annotations": [{"label": label, "probability": score} for label, score in annotation.labels],
    }


def _line(annotation: "Annotation") -> str:
    labels = "  ".join(f"{label} {score:.2f}" for label, score in annotation.labels)
    return f"{annotation.image}: {labels}  (quantity {annotation.predicted_quantity:.2f})"
