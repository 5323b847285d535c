"""`MachineSpeed`: what one machine does with the images of some records."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MachineSpeed:
    """What one machine does with the images of some records, with one configuration.

    Attributes:
        features: images/s from records to features, averaged over flips where the configuration says so.
        fine_tuning: images/s of training the stage `cnn`; None where the configuration does not move it.
        peak_bytes: the greatest memory that the measuring process took.
    """

    features: float
    fine_tuning: float | None
    peak_bytes: int
