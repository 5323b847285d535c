"""The protocols: which of the listed images are used, and which are for training and test."""

import dataclasses
from dataclasses import dataclass

import numpy as np

from tfrecords_tools.building.rules import Rules
from tfrecords_tools.building.splitting import uniform_hash
from tfrecords_tools.reading.published import PublishedCounts

OFFICIAL = PublishedCounts("the official lists, labelled images", train=125_449, test=83_898)


@dataclass(frozen=True)
class Protocol:
    """One way to split NUS-WIDE.

    Attributes:
        name: name of the protocol and of the records' folder.
        published: published counts.
        forced: rules that the protocol always applies: "keep_unlabelled", "keep_untagged".
        share: (n, m) draws n of m eligible images for training; None uses the official halves.
        tagged_only: whether only images with tags are eligible for a draw, besides having labels.
    """

    name: str
    published: tuple[PublishedCounts, ...]
    forced: tuple[str, ...] = ()
    share: tuple[int, int] | None = None
    tagged_only: bool = False

    def rules(self, asked: Rules) -> Rules:
        """The given rules with those that the protocol always applies."""
        return dataclasses.replace(
            asked,
            keep_unlabelled=asked.keep_unlabelled or "keep_unlabelled" in self.forced,
            keep_untagged=asked.keep_untagged or "keep_untagged" in self.forced,
        )


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol("paper", (PublishedCounts("the paper (Sec. IV-A1)", train=94_570, test=55_335), OFFICIAL)),
        Protocol(
            "official-all",
            (PublishedCounts("the official lists", train=161_789, test=107_859),),
            forced=("keep_unlabelled", "keep_untagged"),
        ),
        Protocol(
            "150000-59347",
            (PublishedCounts("CNN-RNN, WARP, SR-CNN-RNN", train=150_000, test=59_347),),
            forced=("keep_untagged",),
            share=(150_000, 209_347),
        ),
        Protocol(
            "150000-40253",
            (PublishedCounts("TagNeighbour, SINN", train=150_000, test=40_253),),
            share=(150_000, 190_253),
            tagged_only=True,
        ),
    )
}


def training_mask(ids: list[str], share: tuple[int, int]) -> np.ndarray:
    """Which images are for training, `[len(ids)] bool`, for a protocol whose own draw was never published.

    Takes the images with the smallest hashes. These differ from the hashes that hold out the validation
    split: with the same ones, validation would get its share of all images, not of the training images.

    Args:
        ids: record ids of the eligible images.
        share: (n, m) takes n of m images, such as `(150_000, 209_347)`; of fewer images, the same share.
    """
    wanted, eligible = share
    order = sorted(range(len(ids)), key=lambda index: (uniform_hash(f"protocol/{ids[index]}"), ids[index]))
    mask = np.zeros(len(ids), bool)
    mask[order[: round(len(ids) * wanted / eligible)]] = True
    return mask
