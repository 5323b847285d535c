"""The compared systems, one small file each. A new one is a new file, config section, row and line here."""

from collections.abc import Mapping

from mmannot_tf.baselines.asl import ASL
from mmannot_tf.baselines.cnn_logistic import CNN_LOGISTIC
from mmannot_tf.baselines.cnn_rnn import CNN_RNN
from mmannot_tf.baselines.cnn_softmax import CNN_SOFTMAX
from mmannot_tf.baselines.cnn_warp import CNN_WARP
from mmannot_tf.baselines.method import Method
from mmannot_tf.baselines.ml_decoder import ML_DECODER
from mmannot_tf.baselines.ria import RIA
from mmannot_tf.baselines.sinn import SINN
from mmannot_tf.baselines.sr_cnn_rnn import SR_CNN_RNN
from mmannot_tf.baselines.tag_neighbour import TAG_NEIGHBOUR

_IN_ORDER = (
    SR_CNN_RNN,
    SINN,
    TAG_NEIGHBOUR,
    RIA,
    CNN_RNN,
    CNN_WARP,
    CNN_SOFTMAX,
    CNN_LOGISTIC,
    ASL,
    ML_DECODER,
)

METHODS: Mapping[str, Method] = {method.name: method for method in _IN_ORDER}
"""In the order of Table III, then later work."""
