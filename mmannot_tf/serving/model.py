"""A run or an export, as far as annotating with it needs to know. No TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmannot_tf.runs.plan import stage_digest
from mmannot_tf.runs.run import Run, open_run
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import digest, read_json

FACTS = "export.json"
SAVED_MODEL_FILE = "saved_model.pb"
LABELS, TAGS = Path("assets") / "labels.txt", Path("assets") / "tags.txt"
NEEDED = ("ms_cnn", "tag_encoder", "classifier", "quantity")
"""The stages an annotator is made of."""


@dataclass(frozen=True)
class Model:
    """What annotates.

    Attributes:
        path: a run's folder, or the version folder of an export.
        run: the run; None for an export.
        labels: the C label names in index order.
        tags: the T tags of the vocabulary in index order.
        image_size: S, pixels.
        resize: where resizing samples, a value of the key `data.resize`.
        digest: of the trained stages and of all else the answers depend on.
    """

    path: Path
    run: Run | None
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    image_size: int
    resize: str
    digest: str


def open_model(path: Path) -> Model:
    """Opens a run, an export's version folder, or the folder above it, of which the highest version is taken.

    Raises:
        UserError: `path` is none of them, or was written by a version of this project that is too old.
    """
    if not path.is_dir():
        raise UserError(
            f"MODEL must be the folder of a run or an export. Received: {path}, which does not exist."
        )
    if (path / "dataset.json").is_file():
        return model_of(open_run(path))
    folder = _version_folder(path)
    facts = read_json(folder / FACTS, f"An export's {FACTS}")
    try:
        return Model(
            path=folder,
            run=None,
            labels=_lines(folder / LABELS),
            tags=_lines(folder / TAGS),
            image_size=int(facts["image_size"]),
            resize=str(facts["resize"]),
            digest=str(facts["digest"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"An export's {FACTS} must be as `mmannot export` wrote it. Received: {folder / FACTS} ({error})."
        ) from None


def model_of(run: Run) -> Model:
    """A run as a model."""
    return Model(
        path=run.path,
        run=run,
        labels=run.dataset.labels,
        tags=run.dataset.tags,
        image_size=run.config.data.image_size,
        resize=run.config.data.resize,
        digest=_annotator_digest(run),
    )


def versions(path: Path) -> dict[int, Path]:
    """The version folders of an export, as TensorFlow Serving names them, lowest first."""
    numbered = {int(one.name): one for one in path.iterdir() if one.name.isdecimal() and one.is_dir()}
    return dict(sorted(numbered.items()))


def _version_folder(path: Path) -> Path:
    if (path / FACTS).is_file():
        return path
    if (path / SAVED_MODEL_FILE).is_file():
        raise UserError(
            f"An export must hold {FACTS}, as `mmannot export` writes it. Received: {path}, without: export "
            "the run again."
        )
    exported = [folder for folder in versions(path).values() if (folder / FACTS).is_file()]
    if not exported:
        raise UserError(f"MODEL must be a run or an export. Received: {path}, which is neither.")
    return exported[-1]


def _annotator_digest(run: Run) -> str:
    settings = run.config.evaluation
    return digest(
        [
            {name: stage_digest(run, name) for name in NEEDED},
            [run.config.data.image_size, run.config.data.resize, run.config.data.preprocessing],
            [settings.least_quantity, settings.quantity_rounding],
        ]
    )


def write_lists(assets: Path, *, labels: Sequence[str], tags: Sequence[str]) -> None:
    """Writes what the numbers mean into a folder: labels.txt and tags.txt, a name a line."""
    assets.mkdir(parents=True, exist_ok=True)
    for file, names in ((LABELS, labels), (TAGS, tags)):
        (assets / file.name).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _lines(file: Path) -> tuple[str, ...]:
    try:
        return tuple(file.read_text(encoding="utf-8").removesuffix("\n").split("\n"))
    except FileNotFoundError:
        raise UserError(f"An export must hold its lists. Received: {file}, which does not exist.") from None
