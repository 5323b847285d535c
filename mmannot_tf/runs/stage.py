"""The Stage value: one training step of Algorithm 1, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Source = Literal["images", "tags", "features"]
Target = Literal["labels", "quantity"]


@dataclass(frozen=True)
class Stage:
    """What one stage reads, trains and predicts; its numbers are in the configuration.

    Attributes:
        name: also its section in the configuration and its folder in the run.
        trunks: what the stage reads → branches in order, each fed by the one before. It reads "images",
            "tags" (multi-hot), or "features" (cached outputs of earlier stages). The outputs of the trunks,
            side by side, are the stage's feature.
        heads: branch on the feature → what it predicts: "labels" (multi-hot) or "quantity" (their number).
            A stage of several minimises the sum of their losses; the first picks the best epoch.
        trains: the branches that move; all others are frozen, statistics included.
        starts_from: branch → the earlier stage whose branch of the same name it starts as a copy of.
            A frozen branch is always listed here. Others start as initialised.
        features: for "features", the stages whose features are concatenated, in order.
        section: of the configuration that its numbers stand in: "stages", or "methods" for a compared system,
            whose network, loss and examples are its own (`mmannot_tf.baselines`).
    """

    name: str
    trunks: Mapping[Source, tuple[str, ...]]
    heads: Mapping[str, Target]
    trains: tuple[str, ...]
    starts_from: Mapping[str, str] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    section: Literal["stages", "methods"] = "stages"

    @property
    def reads(self) -> tuple[Source, ...]:
        """What the stage reads, in the order of its trunks."""
        return tuple(self.trunks)

    @property
    def branches(self) -> tuple[str, ...]:
        """All branches, trunks first, in the order they are built."""
        return (*(name for trunk in self.trunks.values() for name in trunk), *self.heads)

    @property
    def targets(self) -> tuple[Target, ...]:
        """What the stage predicts, in the order of its heads."""
        return tuple(self.heads.values())

    @property
    def upstream(self) -> tuple[str, ...]:
        """The stages this one is made from, in order, each once."""
        return tuple(dict.fromkeys((*self.starts_from.values(), *self.features)))


def unwrap_single(parts: Mapping[str, object]) -> Any:
    """The only value by itself, or several by name, as Keras models take and return them."""
    return dict(parts) if len(parts) > 1 else next(iter(parts.values()))


def as_mapping(names: Sequence[str], value: Any) -> Mapping[str, Any]:
    """The inverse of `unwrap_single`: the values by name."""
    return value if len(names) > 1 else {names[0]: value}
