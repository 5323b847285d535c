"""A run on disk: its paths, its configuration and the facts about its data. No TensorFlow."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path

from mmannot_tf.config import loading
from mmannot_tf.config.settings import Config
from mmannot_tf.weights.provenance import PREPROCESSINGS, Preprocessing, Provenance
from tfrecords_tools.reading.records import Records
from tfrecords_tools.reading.vectors import VectorFacts
from tfrecords_tools.shell.console import notice
from tfrecords_tools.shell.documents import damaged, read_document, write_document
from tfrecords_tools.shell.errors import UserError, one_line
from tfrecords_tools.shell.files import write_text
from tfrecords_tools.tag_rule.version import FORMER_TAG_RULE, known_version

FACTS, CONFIG = "dataset.json", "config.toml"
WHAT = "A run's dataset.json"
STARTER = Path("starter")
"""What the model that comes with the package is called where a command takes a model."""
REMEDY = "Restore it from a copy, or train the run again."


@dataclass(frozen=True)
class Dataset:
    """The facts about a run's records that predicting and serving need.

    Attributes:
        path: where the records lay when training began; "" in an export of heads alone.
        source: which data set ("mscoco", "synthetic", …).
        digest: of the records.
        splits: images a split.
        labels: the C label names in index order.
        tags: the T tags of the vocabulary in index order.
        tag_rule: version of the rule by which they are spelled (docs/tags.md); 1 in earlier runs.
        vectors: of records of vectors; None for images.
    """

    path: str
    source: str
    digest: str
    splits: Mapping[str, int]
    labels: tuple[str, ...]
    tags: tuple[str, ...]
    tag_rule: int = FORMER_TAG_RULE
    vectors: VectorFacts | None = None


@dataclass(frozen=True)
class Facts:
    """The document dataset.json.

    Attributes:
        records: the facts about the records.
        weights: the `Provenance` of the backbone's initial weights, as plain values.
        seed: of the training; None in runs of early versions.
        versions: of the packages that began the run.
        hardware: of the machine that began the run.
    """

    records: Dataset
    weights: Mapping[str, object]
    seed: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    hardware: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One configuration's folder.

    Attributes:
        path: the folder.
        config: its configuration (config.toml).
        dataset: its records (dataset.json).
        provenance: of the backbone's initial weights (dataset.json).
    """

    path: Path
    config: Config
    dataset: Dataset
    provenance: Provenance

    @property
    def preprocessing(self) -> Preprocessing:
        """Of the pixels: as configured, or what the weights were made with [reading 20]."""
        return PREPROCESSINGS.get(self.config.data.preprocessing, self.provenance.preprocessing)

    def stage(self, name: str) -> Path:
        """A stage's folder."""
        return self.path / "stages" / name

    def weights(self, stage: str, branch: str) -> Path:
        """The weights of a branch that `stage` trained."""
        return self.stage(stage) / "weights" / f"{branch}.weights.h5"

    def features(self, split: str) -> Path:
        """The folder of a split's cached features."""
        return self.path / "features" / split

    def predictions(self, split: str) -> Path:
        """The file of a split's predictions."""
        return self.path / "predictions" / f"{split}.npz"


def open_run(path: Path) -> Run:
    """Opens a run.

    Raises:
        UserError: no such folder, or not a run's.
    """
    dataset, provenance = _read_facts(path)
    return Run(path, loading.load_recorded(path / CONFIG), dataset, provenance)


def _read_facts(path: Path) -> tuple[Dataset, Provenance]:
    if not (path / FACTS).is_file():
        raise _no_run(path)
    file = path / FACTS
    facts = read_document(file, Facts, what=WHAT, remedy=REMEDY)
    try:
        known_version(facts.records.tag_rule, file)
        return facts.records, Provenance.from_dict(facts.weights)
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(file, WHAT, one_line(error), REMEDY) from None


def _no_run(path: Path) -> UserError:
    rule = "A run is a folder that `mmannot train` made."
    if path == STARTER and not path.exists():
        return UserError(
            f"{rule} Received: {path}, the model that comes with the package: `mmannot annotate`, `serve` "
            f"and `export` take it. `mmannot train {STARTER}` makes a run like the one that it is from."
        )
    if not path.exists():
        return UserError(f"{rule} Received: {path}, which does not exist.")
    return UserError(
        f"{rule} Received: {path}, with no {FACTS}. For an export, name the run that it was made from."
    )


def create_run(
    path: Path, config: Config, *, records: Records, tags: tuple[str, ...], provenance: Provenance
) -> Run:
    """Writes a run's dataset.json, then its config.toml; a run that exists keeps its stages.

    In this order, so that after a kill in between the same command continues the run. How pixels are made, if
    `config` does not state it, stays as in the run: the defaults changed.

    Raises:
        UserError: the run exists and was made from other records.
    """
    dataset = Dataset(
        path=str(records.path.resolve()),
        source=records.source,
        digest=records.digest,
        splits=dict(records.splits),
        labels=records.labels,
        tags=tags,
        tag_rule=records.tag_rule,
        vectors=records.vectors,
    )
    if (path / FACTS).exists():
        _check_same_records(path, dataset)
        config = _kept(path / CONFIG, config)
    elif path.is_file() or (path / CONFIG).exists():
        raise UserError(
            f"--run must be a run, or a folder to make one in. Received: {path}, which is something else."
        )
    write_document(path / FACTS, _facts(dataset, provenance, config.training.seed))
    write_text(path / CONFIG, loading.dump(config))
    return Run(path, config, dataset, provenance)


def copy_facts(run: Run, folder: Path) -> None:
    """Writes a run's dataset.json into another folder, without the folder of its records."""
    facts = read_document(run.path / FACTS, Facts, what=WHAT, remedy=REMEDY)
    write_document(folder / FACTS, replace(facts, records=replace(facts.records, path="")))


def _kept(file: Path, config: Config) -> Config:
    if not file.exists():
        return config
    config, kept = loading.keep_recorded(config, loading.load_recorded(file))
    if kept:
        values = ", ".join(f'{key} = "{value}"' for key, value in kept.items())
        notice(f"note: keys that the configuration does not state stay as in {file.parent}: {values}")
    return config


def _check_same_records(path: Path, dataset: Dataset) -> None:
    before, _ = _read_facts(path)
    if before.digest != dataset.digest:
        raise UserError(
            f"{path} was made from other records ({before.path}, digest {before.digest[:12]}). "
            f"Received: --data {dataset.path}, digest {dataset.digest[:12]}. Give another --run."
        )


def _facts(dataset: Dataset, provenance: Provenance, seed: int) -> Facts:
    packages = ("mmannot-tf", "tensorflow", "keras", "tensorflow-datasets", "numpy")
    return Facts(
        records=dataset,
        weights=provenance.to_dict(),
        seed=seed,
        versions={"python": platform.python_version(), **{name: version(name) for name in packages}},
        hardware={
            "machine": platform.machine(),
            "processor": _processor(),
            "system": platform.system(),
        },
    )


def _processor() -> str:
    """The processor's name where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
