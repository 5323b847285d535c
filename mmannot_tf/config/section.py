"""The base class of all sections of a configuration, and the kinds of their numbers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Rate = Annotated[float, Field(gt=0.0)]


class Section(BaseModel):
    """A section of the configuration: immutable, and every key must be known."""

    model_config = ConfigDict(frozen=True, extra="forbid")
