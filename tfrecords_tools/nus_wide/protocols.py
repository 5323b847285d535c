"""The splits by name: which listed images each takes, and which of its halves each falls into."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import draw
from tfrecords_tools.reading.published import Published

OFFICIAL = Published("the official lists, labelled images", train=125_449, test=83_898)


@dataclass(frozen=True)
class Protocol:
    """One way to split NUS-WIDE.

    Attributes:
        name: of the protocol, and of the records' folder.
        published: counts that others printed for it.
        forced: rules it stands on, whatever is asked.
        share: None for the official halves; else how many of how many eligible images train.
        tagged_only: whether, of the labelled images, only the tagged ones are eligible for a draw.
    """

    name: str
    published: tuple[Published, ...]
    forced: tuple[str, ...] = ()
    share: tuple[int, int] | None = None
    tagged_only: bool = False

    def rules(self, asked: Rules) -> Rules:
        """The rules asked, with those the protocol stands on."""
        return dataclasses.replace(asked, **dict.fromkeys(self.forced, True))


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol("paper", (Published("the paper (Sec. IV-A1)", train=94_570, test=55_335), OFFICIAL)),
        Protocol(
            "official-all",
            (Published("the official lists", train=161_789, test=107_859),),
            forced=("keep_unlabelled", "keep_untagged"),
        ),
        Protocol(
            "150000-59347",
            (Published("CNN-RNN, WARP, SR-CNN-RNN", train=150_000, test=59_347),),
            forced=("keep_untagged",),
            share=(150_000, 209_347),
        ),
        Protocol(
            "150000-40253",
            (Published("TagNeighbour, SINN", train=150_000, test=40_253),),
            share=(150_000, 190_253),
            tagged_only=True,
        ),
    )
}


def chosen_by_draw(ids: list[str], share: tuple[int, int]) -> np.ndarray:
    """`[len(ids)] bool`: the training images of a protocol whose own draw was never published.

    The images of the smallest draws train. Their draws are not those that hold out the validation split,
    which else would take its share of all images from the training ones.

    Args:
        ids: the eligible images' record ids.
        share: so many of so many train: `(150_000, 209_347)`; of fewer images, the same share.
    """
    wanted, of = share
    order = sorted(range(len(ids)), key=lambda place: (draw(f"protocol/{ids[place]}"), ids[place]))
    trains = np.zeros(len(ids), bool)
    trains[order[: round(len(ids) * wanted / of)]] = True
    return trains
