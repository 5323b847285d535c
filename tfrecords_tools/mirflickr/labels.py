"""The labels of MIRFLICKR-25k, and how many images have each in a public copy."""

from typing import Literal

LabelSet = Literal["all", "potential", "relevant"]
"""Which annotations are labels: both kinds, or one of them."""

RELEVANT = (
    "baby_r1",
    "bird_r1",
    "car_r1",
    "clouds_r1",
    "dog_r1",
    "female_r1",
    "flower_r1",
    "male_r1",
    "night_r1",
    "people_r1",
    "portrait_r1",
    "river_r1",
    "sea_r1",
    "tree_r1",
)
"""The topics that are salient in an image; nearly every image of `X_r1` is one of `X` too."""

IMAGES = 25_000
"""Images of the collection, numbered from 1."""

PUBLIC_COPY = {
    "animals": 3_216,
    "baby": 259,
    "bird": 742,
    "car": 1_177,
    "clouds": 3_700,
    "dog": 684,
    "female": 6_184,
    "flower": 1_823,
    "food": 990,
    "indoor": 8_313,
    "lake": 791,
    "male": 6_081,
    "night": 2_711,
    "people": 10_373,
    "plant_life": 8_763,
    "portrait": 3_931,
    "river": 894,
    "sea": 1_322,
    "sky": 7_912,
    "structures": 9_992,
    "sunset": 2_135,
    "transport": 2_895,
    "tree": 4_683,
    "water": 3_331,
}
"""Images of the whole collection by potential label, counted in a public copy.

Potential labels are the topics that an image shows anywhere in it (Huiskes and Lew, 2008).
"""
LABELLED = 24_581
"""Images of that copy with a label."""


def labels_of(label_set: LabelSet) -> tuple[str, ...]:
    """The labels of a set in alphabetical order: 38, 24 or 14."""
    sets = {"all": (*PUBLIC_COPY, *RELEVANT), "potential": (*PUBLIC_COPY,), "relevant": RELEVANT}
    return tuple(sorted(sets[label_set]))
