"""Minutes and memory, added up by hand."""

import pytest
from proposals import collection, config_of

from mmannot_tf.proposal import forecast as module
from mmannot_tf.proposal.forecast import forecast
from mmannot_tf.proposal.machine_speed import MachineSpeed

HEADS = {"cnn": 20, "tag_encoder": 14, "classifier": 20, "quantity_visual": 20, "quantity": 20}


def head_seconds(epochs, steps):
    return module.STAGE_SECONDS + epochs * (module.EPOCH_SECONDS + steps * module.STEP_SECONDS)


def test_a_fixed_network_is_read_once():
    counts = collection(8000)
    expected = forecast(config_of(counts, "frozen"), counts, MachineSpeed(20.0, None, 10**9))
    seconds = module.START_SECONDS + 8800 / 20 + sum(head_seconds(epochs, 63) for epochs in HEADS.values())
    assert expected.minutes == pytest.approx(seconds / 60)
    assert expected.gigabytes == pytest.approx(1 + 8800 * 2048 * 4 * module.COPIES / 1e9)


def test_a_fine_tuned_network_is_read_before_and_after_and_trains_four_epochs():
    counts = collection(8000)
    expected = forecast(config_of(counts, "fine-tuned"), counts, MachineSpeed(10.0, 16.0, 10**9))
    seconds = (
        module.START_SECONDS
        + 2 * 8800 / 10
        + 4 * (8000 / 16 + 800 / 10)
        + sum(head_seconds(epochs, 63) for epochs in HEADS.values())  # cnn_head in place of cnn
    )
    assert expected.minutes == pytest.approx(seconds / 60)


def test_without_tags_their_stages_take_no_time():
    counts = collection(8000, vocabulary=0)
    expected = forecast(config_of(counts, "frozen"), counts, MachineSpeed(20.0, None, 0))
    seconds = module.START_SECONDS + 8800 / 20 + 2 * head_seconds(20, 63)
    assert expected.minutes == pytest.approx(seconds / 60)
