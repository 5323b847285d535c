"""Reads and writes configurations as TOML; an error is one line that names the key."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

import tomli_w
from pydantic import BaseModel, ValidationError

from mmannot_tf.config.data_keys import FORMER
from mmannot_tf.config.settings import Config
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.files import Json


def shipped() -> dict[str, Path]:
    """The configurations that come with the package, by name."""
    folder = Path(str(resources.files("mmannot_tf") / "configs"))
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}


def load(config: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Reads a configuration.

    Args:
        config: a TOML file, or the name of a shipped one ("quickstart").
        overrides: `section.key=value` pairs that replace what the file says; values as TOML writes them,
            a bare word is a string.

    Raises:
        UserError: no such file, broken TOML, unknown key, wrong type or an impossible pair.
    """
    path = Path(config)
    if not path.is_file():
        path = shipped().get(str(config), path)
    settings = _read(path)
    for override in overrides:
        _override(settings, override)
    return parse(settings, str(config))


def load_recorded(path: Path) -> Config:
    """Reads the configuration that a run keeps; keys that it lacks have their former values.

    Raises:
        UserError: as `load`.
    """
    settings = _read(path)
    data = settings.setdefault("data", {})
    if isinstance(data, dict):
        settings["data"] = {**FORMER, **data}
    return parse(settings, str(path))


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(
            f"The configuration must be a TOML file or one of {', '.join(shipped())}. Received: {path}."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"The configuration must be valid TOML. Received: {path}: {error}.") from None


def parse(settings: Mapping[str, object], origin: str) -> Config:
    """Checks a nested mapping of settings; `origin` names it in the error."""
    try:
        return Config.model_validate(settings)
    except ValidationError as error:
        raise UserError(f"{origin}: {'; '.join(_complaints(error))}.") from None


def dump(config: Config) -> str:
    """The configuration as TOML, every key stated."""
    return tomli_w.dumps(config.model_dump(mode="json", exclude_none=True))


def keep_recorded(config: Config, recorded: Config) -> tuple[Config, dict[str, str]]:
    """Gives keys of `FORMER` that a configuration does not state the values of a run's configuration.

    Their defaults changed: without this, a run of before would be trained again by the same file.

    Args:
        config: as the user gave it.
        recorded: of the run.

    Returns:
        The configuration, and the values that it took over, by dotted key.
    """
    kept = {
        key: getattr(recorded.data, key)
        for key in FORMER
        if key not in config.data.model_fields_set
        and getattr(recorded.data, key) != getattr(config.data, key)
    }
    data = config.data.model_copy(update=kept)
    return config.model_copy(update={"data": data}), {f"data.{key}": value for key, value in kept.items()}


def flatten(settings: Mapping[str, Json], prefix: str = "") -> dict[str, Json]:
    """Nested settings as {"section.key": value}."""
    flat: dict[str, Json] = {}
    for key, value in settings.items():
        name = f"{prefix}{key}"
        flat.update(flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value})
    return flat


def _override(settings: dict[str, object], override: str) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise UserError(f"--set must read section.key=value. Received: --set {override}.")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *sections, last = key.strip().split(".")
    for section in sections:
        subsection = settings.setdefault(section, {})
        if not isinstance(subsection, dict):
            raise UserError(f"--set must name a key. Received: {key}, where {section} is no section.")
        settings = subsection
    settings[last] = value


def _complaints(error: ValidationError) -> Iterator[str]:
    for detail in error.errors():
        name = ".".join(str(part) for part in detail["loc"])
        if detail["type"] == "extra_forbidden":
            nearest = difflib.get_close_matches(name, keys(), n=1, cutoff=0.5)
            yield f"unknown key {name}" + (f" (nearest: {nearest[0]})" if nearest else "")
        elif detail["type"] == "missing":
            yield f"{name} must be given"
        elif detail["type"] == "value_error":
            yield detail["msg"].removeprefix("Value error, ")
        else:
            yield f"{name}: {detail['msg']}. Received: {_short(detail['input'])}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def keys(model: type[BaseModel] = Config, prefix: str = "") -> list[str]:
    """Every dotted key a configuration may have, sections included."""
    names = []
    for name, field in model.model_fields.items():
        names.append(prefix + name)
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                names += keys(kind, f"{prefix}{name}.")
    return names
