"""A run or an export as a model that annotates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal, cast

from mmannot_tf.config.data_keys import FORMER, pixel_values
from mmannot_tf.config.settings import DataSettings
from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.override import UNCHANGED, Override
from mmannot_tf.evaluation.document import document
from mmannot_tf.evaluation.scorer_ways import options_of
from mmannot_tf.runs.configured_stages import visual_stage
from mmannot_tf.runs.plan import feature_digest
from mmannot_tf.runs.run import FACTS, STARTER, Run, open_run
from mmannot_tf.runs.untagged import annotation_settings
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.metadata import METADATA_FILE, ExportMetadata
from tfrecords_tools.reading.vectors import VectorFacts
from tfrecords_tools.shell.documents import damaged, read_sealed
from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.files import digest, restore_in, sha256_once
from tfrecords_tools.tag_rule.rule import lookup_key
from tfrecords_tools.tag_rule.version import FORMER_TAG_RULE, TAG_RULE, known_version

WHAT = f"An export's {METADATA_FILE}"
REMEDY = "Export the run again."
SAVED_MODEL_FILE = "saved_model.pb"
LABELS, TAGS = Path("assets") / "labels.txt", Path("assets") / "tags.txt"
TAG_KEYS = Path("assets") / "tag_keys.txt"
"""The tags as the graph looks them up."""


@dataclass(frozen=True)
class Model:
    """A trained annotator on disk.

    Attributes:
        path: a run's folder, or the version folder of an export.
        run: the run; None for an export.
        labels: the C label names in index order.
        tags: the T tags of the vocabulary in index order.
        tag_rule: version of the rule by which tags are read (docs/tags.md).
        image_size: S, pixels.
        orientation: whether EXIF turns images, a value of the key `data.orientation`.
        resize: how images are resized, a value of the key `data.resize`.
        digest: of the trained stages and of every setting that changes an annotation.
        decisions: the ways to decide that a request can ask for; None in exports of earlier versions.
        vectors: what it annotates in place of photographs; None for photographs.
    """

    path: Path
    run: Run | None
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    image_size: int
    orientation: Literal["exif", "ignored"]
    resize: Literal["antialiased", "half_pixel", "tf1"]
    digest: str
    tag_rule: int = TAG_RULE
    decisions: Decisions | None = None
    vectors: VectorFacts | None = None


def open_model(path: Path) -> Model:
    """Opens a run, an export's version folder, or an export's folder, which opens its highest version.

    The name `STARTER` opens the model that comes with the package, unless there is such a folder.

    Raises:
        UserError: `path` is none of them, or an earlier version of this project wrote it without metadata.
    """
    path = _located(path)
    if path.name.isdecimal():
        restore_in(path.parent, lambda name: name == path.name)
    if not path.is_dir():
        raise UserError(
            f"MODEL must be the folder of a run or an export. Received: {path}, which does not exist."
        )
    if (path / FACTS).is_file():
        return model_of(open_run(path))
    folder = _version_folder(path)
    metadata = read_metadata(folder)
    try:
        _check_files(folder, metadata.get("files", {}))
        data = _pixel_settings(metadata)
        return Model(
            path=folder,
            run=None,
            labels=_read_names(folder / LABELS),
            tags=_read_names(folder / TAGS),
            image_size=data.image_size,
            orientation=data.orientation,
            resize=data.resize,
            digest=str(metadata["digest"]),
            tag_rule=known_version(metadata.get("tag_rule", FORMER_TAG_RULE), folder / METADATA_FILE),
            decisions=Decisions.load(folder, metadata["decisions"]) if "decisions" in metadata else None,
            vectors=VectorFacts(**metadata["vectors"]) if "vectors" in metadata else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise damaged(folder / METADATA_FILE, WHAT, one_line(error), REMEDY) from None


def read_metadata(folder: Path) -> ExportMetadata:
    """Reads the export.json of a version folder.

    Raises:
        UserError: it is missing, damaged or edited.
    """
    return cast(ExportMetadata, read_sealed(folder / METADATA_FILE, what=WHAT, remedy=REMEDY))


def is_export(path: Path) -> bool:
    """Whether a path names an export, one of its versions, or the model that comes with the package."""
    path = _located(path)
    if not path.is_dir():
        return False
    return any((folder / METADATA_FILE).is_file() for folder in (path, *versions(path).values()))


def _located(path: Path) -> Path:
    """The folder of a model by its path or name."""
    if path == STARTER and not path.exists():
        return Path(str(resources.files("mmannot_tf"))) / STARTER
    return path


def _check_files(folder: Path, digests: Mapping[str, str]) -> None:
    """Compares an export's files with their digests, once in a process; a removed format is no error.

    Raises:
        UserError: a file was changed since the export.
    """
    for name, expected in digests.items():
        file = folder / name
        if file.is_file() and sha256_once(file) != expected:
            raise UserError(
                f"An export's files must be unchanged since `mmannot export` wrote them. Received: {file}, "
                f"damaged or edited. {REMEDY}"
            )


def _pixel_settings(metadata: ExportMetadata) -> DataSettings:
    """How an export makes pixels; keys that its metadata lacks have their former values."""
    stated = {key: metadata.get(key, value) for key, value in FORMER.items()}
    return DataSettings.model_validate({"image_size": metadata["image_size"], **stated})


def model_of(run: Run) -> Model:
    """Returns a run as a model."""
    return Model(
        path=run.path,
        run=run,
        labels=run.dataset.labels,
        tags=run.dataset.tags,
        image_size=run.config.data.image_size,
        orientation=run.config.data.orientation,
        resize=run.config.data.resize,
        digest=_annotator_digest(run),
        tag_rule=run.dataset.tag_rule,
        decisions=plain_decisions(run),
        vectors=run.dataset.vectors,
    )


def plain_decisions(run: Run) -> Decisions:
    """The paper's way to decide, and the others that need no images to be fitted on."""
    return Decisions(FittedWays.plain(len(run.dataset.labels), options_of(run.config.evaluation)))


def decisions_of(model: Model) -> Decisions:
    """The ways to decide that a request can ask for.

    Raises:
        UserError: an earlier version wrote the export, without them.
    """
    if model.decisions is None:
        raise UserError(
            f"an export must hold the folder decisions to decide otherwise. Received: {model.path}, of an "
            f"earlier version. {REMEDY}"
        )
    return model.decisions


def check_override(model: Model, override: Override) -> None:
    """Checks that a model has the way that an override names, before anything is computed.

    Raises:
        UserError: it has not, or the way lacks a parameter.
    """
    if override != UNCHANGED:
        decisions_of(model).check(override)


def annotated_by(model: Model, override: Override) -> str:
    """What records name as their `model`: the first 12 digits of a digest of it and of how it decides."""
    made_by = model.digest if override == UNCHANGED else digest([model.digest, document(override)])
    return made_by[:12]


def branches_of(run: Run) -> Mapping[str, tuple[str, str]]:
    """The branches that annotate: each one's stage, and its name there.

    A run without fusion blocks averages the CNN's last map. In a run without tags the heads read f_v alone.
    Where the heads on f_v annotate images without tags, there are two more.
    """
    stage = visual_stage(run.config)
    visual, f_v = stage.name, stage.trunks["images"][-1]
    branches = {"backbone": (visual, "backbone"), f_v: (visual, f_v)}
    classifier, quantity = (visual, "probe"), ("quantity_visual", "quantity")
    if not run.dataset.tags:
        return {**branches, "classifier": classifier, "quantity": quantity}
    branches |= {
        "tag_encoder": ("tag_encoder", "tag_encoder"),
        "classifier": ("classifier", "classifier"),
        "quantity": ("quantity", "quantity"),
    }
    if annotation_settings(run).untagged == "visual":
        branches |= {"visual_classifier": classifier, "visual_quantity": quantity}
    return branches


def required_stages(run: Run) -> tuple[str, ...]:
    """The stages that train an annotator's branches, in order."""
    return tuple(dict.fromkeys(stage for stage, _ in branches_of(run).values()))


def versions(path: Path) -> dict[int, Path]:
    """The version folders of an export by their numbers, lowest first."""
    numbered = {
        int(entry.name): entry for entry in path.iterdir() if entry.name.isdecimal() and entry.is_dir()
    }
    return dict(sorted(numbered.items()))


def written_versions(path: Path) -> dict[int, Path]:
    """Those of `versions` that hold what `mmannot export` writes last."""
    return {number: folder for number, folder in versions(path).items() if (folder / METADATA_FILE).is_file()}


def folder_of_versions(path: Path) -> Path | None:
    """The folder in which new versions of a model appear; None for a run or one version of an export."""
    path = _located(path)
    return None if any((path / file).is_file() for file in (FACTS, METADATA_FILE)) else path


def _version_folder(path: Path) -> Path:
    if (path / METADATA_FILE).is_file():
        return path
    if (path / SAVED_MODEL_FILE).is_file():
        raise UserError(
            f"An export must hold {METADATA_FILE}, as `mmannot export` writes it. Received: {path}, without: "
            "export the run again."
        )
    restore_in(path, str.isdecimal)
    written = written_versions(path)
    if not written:
        raise UserError(f"MODEL must be a run or an export. Received: {path}, which is neither.")
    return written[max(written)]


def _annotator_digest(run: Run) -> str:
    settings = annotation_settings(run)
    return digest(
        [
            {name: feature_digest(run, name) for name in required_stages(run)},
            pixel_values(run.config.data),
            [settings.least_quantity, settings.quantity_rounding],
            *([] if run.dataset.tag_rule == FORMER_TAG_RULE else [{"tag_rule": run.dataset.tag_rule}]),
            *([] if settings.untagged == "joint" else [{"untagged": settings.untagged}]),
        ]
    )


def write_name_lists(assets: Path, *, labels: Sequence[str], tags: Sequence[str], tag_rule: int) -> None:
    """Writes labels.txt, tags.txt and tag_keys.txt into a folder, one name per line in index order."""
    assets.mkdir(parents=True, exist_ok=True)
    keys = tags if tag_rule == FORMER_TAG_RULE else list(map(lookup_key, tags))
    for file, names in ((LABELS, labels), (TAGS, tags), (TAG_KEYS, keys)):
        (assets / file.name).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def _read_names(file: Path) -> tuple[str, ...]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(
            f"An export must hold its lists of names. Received: {file}, which does not exist."
        ) from None
    return tuple(text.removesuffix("\n").split("\n")) if text else ()
