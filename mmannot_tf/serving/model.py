"""A run or an export as a model that annotates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmannot_tf.config.data_keys import PIXELS
from mmannot_tf.runs.plan import stage_digest
from mmannot_tf.runs.run import Run, open_run
from mmannot_tf.serving.metadata import METADATA_FILE, ExportMetadata
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import digest, read_json

SAVED_MODEL_FILE = "saved_model.pb"
LABELS, TAGS = Path("assets") / "labels.txt", Path("assets") / "tags.txt"
BRANCHES: Mapping[str, tuple[str, str]] = {
    "backbone": ("ms_cnn", "backbone"),
    "fusion": ("ms_cnn", "fusion"),
    "tag_encoder": ("tag_encoder", "tag_encoder"),
    "classifier": ("classifier", "classifier"),
    "quantity": ("quantity", "quantity"),
}
"""The branches of an annotator: each one's stage, and its name there."""
BRANCHES_WITHOUT_TAGS: Mapping[str, tuple[str, str]] = {
    "backbone": ("ms_cnn", "backbone"),
    "fusion": ("ms_cnn", "fusion"),
    "classifier": ("ms_cnn", "probe"),
    "quantity": ("quantity_visual", "quantity"),
}
"""Those of an annotator whose run has no tags: the heads read f_v alone."""


@dataclass(frozen=True)
class Model:
    """A trained annotator on disk.

    Attributes:
        path: a run's folder, or the version folder of an export.
        run: the run; None for an export.
        labels: the C label names in index order.
        tags: the T tags of the vocabulary in index order.
        image_size: S, pixels.
        resize: where resizing samples, a value of the key `data.resize`.
        digest: of the trained stages and of every setting that changes an annotation.
    """

    path: Path
    run: Run | None
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    image_size: int
    resize: str
    digest: str


def open_model(path: Path) -> Model:
    """Opens a run, an export's version folder, or an export's folder, which opens its highest version.

    Raises:
        UserError: `path` is none of them, or an earlier version of this project wrote it without metadata.
    """
    if not path.is_dir():
        raise UserError(
            f"MODEL must be the folder of a run or an export. Received: {path}, which does not exist."
        )
    if (path / "dataset.json").is_file():
        return model_of(open_run(path))
    folder = _version_folder(path)
    metadata: ExportMetadata = read_json(folder / METADATA_FILE, f"An export's {METADATA_FILE}")
    try:
        return Model(
            path=folder,
            run=None,
            labels=_read_names(folder / LABELS),
            tags=_read_names(folder / TAGS),
            image_size=int(metadata["image_size"]),
            resize=str(metadata["resize"]),
            digest=str(metadata["digest"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"An export's {METADATA_FILE} must be unchanged since `mmannot export` wrote it. Received: "
            f"{folder / METADATA_FILE} ({error})."
        ) from None


def model_of(run: Run) -> Model:
    """Returns a run as a model."""
    return Model(
        path=run.path,
        run=run,
        labels=run.dataset.labels,
        tags=run.dataset.tags,
        image_size=run.config.data.image_size,
        resize=run.config.data.resize,
        digest=_annotator_digest(run),
    )


def branches_of(run: Run) -> Mapping[str, tuple[str, str]]:
    """The branches that annotate: each one's stage, and its name there."""
    return BRANCHES if run.dataset.tags else BRANCHES_WITHOUT_TAGS


def required_stages(run: Run) -> tuple[str, ...]:
    """The stages that train an annotator's branches, in order."""
    return tuple(dict.fromkeys(stage for stage, _ in branches_of(run).values()))


def versions(path: Path) -> dict[int, Path]:
    """The version folders of an export by their numbers, lowest first."""
    numbered = {
        int(entry.name): entry for entry in path.iterdir() if entry.name.isdecimal() and entry.is_dir()
    }
    return dict(sorted(numbered.items()))


def _version_folder(path: Path) -> Path:
    if (path / METADATA_FILE).is_file():
        return path
    if (path / SAVED_MODEL_FILE).is_file():
        raise UserError(
            f"An export must hold {METADATA_FILE}, as `mmannot export` writes it. Received: {path}, without: "
            "export the run again."
        )
    exported = [folder for folder in versions(path).values() if (folder / METADATA_FILE).is_file()]
    if not exported:
        raise UserError(f"MODEL must be a run or an export. Received: {path}, which is neither.")
    return exported[-1]


def _annotator_digest(run: Run) -> str:
    settings = run.config.evaluation
    return digest(
        [
            {name: stage_digest(run, name) for name in required_stages(run)},
            [getattr(run.config.data, key) for key in PIXELS],
            [settings.least_quantity, settings.quantity_rounding],
        ]
    )


def write_name_lists(assets: Path, *, labels: Sequence[str], tags: Sequence[str]) -> None:
    """Writes labels.txt and tags.txt into a folder, one name per line in index order."""
    assets.mkdir(parents=True, exist_ok=True)
    for file, names in ((LABELS, labels), (TAGS, tags)):
        (assets / file.name).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _read_names(file: Path) -> tuple[str, ...]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            f"An export must hold its lists of names. Received: {file}, which does not exist."
        ) from None
    return tuple(text.removesuffix("\n").split("\n")) if text else ()
