"""Where the printed tables contradict themselves: found by recomputing every F1 from its P and R."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contradiction:
    """A printed number that its own row contradicts.

    Attributes:
        table: Roman number.
        system: the row.
        score: the derived score that does not follow from the row's others.
        text: what is printed, what follows from the rest, and what explains it.
    """

    table: str
    system: str
    score: str
    text: str


CONTRADICTIONS = (
    Contradiction(
        "II",
        "MS-CNN",
        "image_f1",
        "Table II prints I-P 61.06, I-R 62.15 and I-F1 63.02, but those two give I-F1 61.60; I-R 65.12 gives "
        "63.02 and the 2.812 labels an image of the neighbouring rows: the printed I-R is a digit swap",
    ),
    Contradiction(
        "III",
        "SINN",
        "class_f1",
        "Table III prints C-P 58.30, C-R 60.30 and C-F1 59.44, but those two give C-F1 59.28",
    ),
    Contradiction(
        "IV",
        "CNN+WARP",
        "image_f1",
        "Table IV prints I-P 61.40, I-R 59.80 and I-F1 60.70, but those two give I-F1 60.59 "
        "(its source printed one decimal)",
    ),
)


def about(table: str, system: str) -> tuple[str, ...]:
    """What is contradictory in one printed row."""
    return tuple(c.text for c in CONTRADICTIONS if (c.table, c.system) == (table, system))
