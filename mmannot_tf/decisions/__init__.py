"""How many labels an image gets, and which: every way to decide, fitted on images with known labels."""

from mmannot_tf.decisions.calibration import calibration_error as calibration_error
from mmannot_tf.decisions.catalogue import WAYS as WAYS
from mmannot_tf.decisions.catalogue import way_named as way_named
from mmannot_tf.decisions.fitted import FittedWay as FittedWay
from mmannot_tf.decisions.fitted_ways import FittedWays as FittedWays
from mmannot_tf.decisions.override import Override as Override
from mmannot_tf.decisions.way import Options as Options
from mmannot_tf.decisions.way import Scores as Scores
