"""The base class of all sections of a configuration, and the kinds of their numbers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Every number is finite and has an upper bound, far above what is useful: a slip such as 1e8 for
# 1e-8 is refused at once, before memory is taken.
Positive = Annotated[int, Field(gt=0, le=65_536)]
Epochs = Annotated[int, Field(gt=0, le=100_000)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Dropout = Annotated[float, Field(ge=0.0, lt=1.0)]
Coefficient = Annotated[float, Field(ge=0.0, le=1000.0)]
Rate = Annotated[float, Field(gt=0.0, le=1000.0)]
Epsilon = Annotated[float, Field(gt=0.0, lt=1.0)]


class Section(BaseModel):
    """A section of the configuration: immutable, and every key must be known."""

    model_config = ConfigDict(frozen=True, extra="forbid")
