"""All ways to decide."""

from mmannot_tf.decisions.expected_f import ExpectedF
from mmannot_tf.decisions.expected_quantity import ExpectedQuantity
from mmannot_tf.decisions.label_thresholds import ForClassF, ForImageF, HalfBestF
from mmannot_tf.decisions.likeliest_quantity import LikeliestQuantity
from mmannot_tf.decisions.mcut import MCut
from mmannot_tf.decisions.one_threshold import OneThreshold
from mmannot_tf.decisions.posterior_f import PosteriorF
from mmannot_tf.decisions.posterior_mode import PosteriorMode
from mmannot_tf.decisions.predicted_quantity import PredictedQuantity
from mmannot_tf.decisions.proportional_odds import ProportionalOdds
from mmannot_tf.decisions.top_k import TopK
from mmannot_tf.decisions.true_quantity import TrueQuantity
from mmannot_tf.decisions.way import Way
from tfrecords_tools.shell.errors import UserError

WAYS: tuple[type[Way], ...] = (
    TopK,
    PredictedQuantity,
    TrueQuantity,
    OneThreshold,
    ForImageF,
    ForClassF,
    HalfBestF,
    MCut,
    LikeliestQuantity,
    ExpectedQuantity,
    ExpectedF,
    PosteriorMode,
    PosteriorF,
    ProportionalOdds,
)
"""In the order of tables."""


FOR_NEW_IMAGES = tuple(way for way in WAYS if "true_quantity" not in way.needs)
"""The ways that can decide for images whose true quantity is not known."""


def way_named(name: str) -> type[Way]:
    """The way of a name.

    Raises:
        UserError: there is none.
    """
    for way in WAYS:
        if way.name == name:
            return way
    raise UserError(
        f"a way to decide must be one of {', '.join(way.name for way in WAYS)}. Received: {name}."
    )
