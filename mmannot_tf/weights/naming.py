"""Our names of a backbone's tensors, and other projects' names turned into them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mmannot_tf.models.architectures import ARCHITECTURES
from tfrecords_tools.shell.errors import UserError
from tfrecords_tools.shell.listing import listed

UNIT = re.compile(r"conv(?P<group>[2-5])_block(?P<unit>\d+)_")
"""A layer of a bottleneck unit, by our name."""


def unit_layer(group: int, unit: int, position: int, kind: str) -> str:
    """conv3_block1_2_bn and the like.

    Args:
        group: 2 to 5.
        unit: of the group, from 1.
        position: 0 is the shortcut, 1 to 3 the convolutions of the unit.
        kind: "conv" or "bn".
    """
    return f"conv{group}_block{unit}_{position}_{kind}"


@dataclass(frozen=True)
class Names:
    """The tensors of a source, sorted by their use.

    Attributes:
        theirs: our name to the source's.
        ignored: the source's names of what is no weight.
    """

    theirs: dict[str, str]
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class NameScheme:
    """How an origin names its tensors.

    Attributes:
        what: the source in words, with an example of its names, for errors.
        rename: the origin's name to ours; None for names that are not its own.
        ignored: matches names of what is no weight: optimizer slots, counters.
    """

    what: str
    rename: Callable[[str], str | None]
    ignored: re.Pattern[str] = re.compile(r"(?!)")

    def sort(self, names: Iterable[str], source: Path) -> Names:
        """Sorts the names of a source into weights, under our names, and others.

        Raises:
            UserError: there are names of another network, or two that mean the same tensor.
        """
        ignored = tuple(name for name in names if self.ignored.search(name))
        ours = {name: self.rename(name) for name in names if name not in set(ignored)}
        known = {name: our for name, our in ours.items() if our is not None}
        unknown = [name for name in ours if name not in known]
        if unknown or not ours:
            raise UserError(
                f"{self.what}. Received: {source}, "
                f"{f'with a tensor {listed([*map(repr, unknown)], 1)}' if unknown else 'with no tensors'}."
            )
        return Names(_inverted(known, source), ignored)


def architecture_of(tensors: Iterable[str], source: Path) -> str:
    """The known ResNet whose groups have as many bottleneck units as these names.

    Raises:
        UserError: no known ResNet has them, or the units are not bottlenecks.
    """
    names = list(tensors)
    units = {match[0] for match in map(UNIT.match, names) if match}
    blocks = tuple(sum(unit.startswith(f"conv{group}_") for unit in units) for group in range(2, 6))
    shallow = bool(units) and not any("_3_conv/" in name for name in names)
    for architecture, value in ARCHITECTURES.items():
        if value.blocks == blocks and not shallow:
            return architecture
    received = f"{blocks} units{' of two convolutions' if shallow else ''} in conv2 to conv5"
    raise UserError(
        f"weights must be of one of {', '.join(ARCHITECTURES)}. Received: {source}, with {received}."
    )


def _inverted(ours: dict[str, str], source: Path) -> dict[str, str]:
    theirs: dict[str, str] = {}
    doubled = []
    for name, our in ours.items():
        if our in theirs:
            doubled.append(f"{theirs[our]} and {name} for {our}")
        theirs.setdefault(our, name)
    if doubled:
        raise UserError(f"each tensor must occur once. Received: {source}, doubled: {listed(doubled, 1)}.")
    return theirs
