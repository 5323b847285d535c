"""The Stage value: one training step of Algorithm 1, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Stage:
    """What one stage reads, trains and is judged by; its numbers stand in the configuration.

    Attributes:
        name: also its section in the configuration and its folder in the run.
        reads: "images", "tags" (multi-hot), or "features" (cached outputs of earlier stages).
        path: branches in order, each fed by the one before; the first by what the stage reads. The last one
            is the head; the output of the path before it is the stage's feature.
        trains: the branches of the path that move; all others are frozen, statistics included.
        starts_from: branch → the earlier stage whose branch of the same name it starts as a copy of.
            A frozen branch is always listed here. Others start as initialised.
        features: for "features", the stages whose features are concatenated, in order.
        target: "labels" (multi-hot) or "quantity" (their number).
        optional: left out when the configuration has no section for it.
    """

    name: str
    reads: Literal["images", "tags", "features"]
    path: tuple[str, ...]
    trains: tuple[str, ...]
    starts_from: Mapping[str, str] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    target: Literal["labels", "quantity"] = "labels"
    optional: bool = False

    @property
    def head(self) -> str:
        """The branch that turns the stage's feature into its output."""
        return self.path[-1]

    @property
    def upstream(self) -> tuple[str, ...]:
        """The stages this one is made from, in order, each once."""
        return tuple(dict.fromkeys((*self.starts_from.values(), *self.features)))
