"""The file of `mmannot serve --models`: which models one server has, and how each runs."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mmannot_tf.decisions.override import Override
from mmannot_tf.serving.engines.selection import EngineOptions, check_options
from mmannot_tf.serving.network import TOLERANCE
from tfrecords_tools.shell.errors import UserError

NAME = r"^[A-Za-z0-9_.-]{1,100}$"
"""What a model's name in paths may be."""


class ListedModel(BaseModel):
    """A model of the file; the keys have the names of the options of `mmannot serve`.

    Attributes:
        name: in paths.
        path: an export, or a run; relative to the file's folder.
        engine: as `--engine`.
        precision: as `--precision`.
        tolerance: as `--tolerance`.
        decide: as `--decide`; so the next ones.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(pattern=NAME)]
    path: Annotated[str, Field(min_length=1)]
    engine: str = EngineOptions.engine
    precision: Literal["float32", "bfloat16", "int8", "auto"] = "float32"
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = TOLERANCE
    decide: str | None = None
    threshold: float | None = None
    k: int | None = None
    least: int | None = None
    most: int | None = None
    beta: float | None = None

    @property
    def options(self) -> EngineOptions:
        """How its engine is selected."""
        return EngineOptions(self.engine, self.precision, self.tolerance)

    @property
    def override(self) -> Override:
        """How many labels its images get.

        Raises:
            UserError: a value is out of its range, or belongs to another way.
        """
        return Override(self.decide, self.threshold, self.k, self.least, self.most, self.beta)


class ModelsFile(BaseModel):
    """The whole file.

    Attributes:
        model: the tables `[[model]]`, in their order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    model: Annotated[list[ListedModel], Field(min_length=1)]


def read_models(file: Path) -> list[ListedModel]:
    """Reads a file of models; their paths are then those of the caller.

    Raises:
        UserError: it cannot be read, is no TOML, has unknown keys or values, or a name twice.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        models = ModelsFile.model_validate(content).model
    except OSError as error:
        raise UserError(f"--models must be a TOML file. Received: {file} ({error.strerror}).") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"--models must be valid TOML. Received: {file}: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(
            "--models must hold tables [[model]] with name and path, and options of `mmannot serve`. "
            f"Received: {file}, {place}: {first['msg']}."
        ) from None
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"Each model must have a name of its own. Received: {file}, {name} twice.")
    for model in models:
        check_options(model.options)
    return [model.model_copy(update={"path": str(file.parent / model.path)}) for model in models]
