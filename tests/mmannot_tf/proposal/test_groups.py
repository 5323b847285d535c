"""The proposed settings, as a configuration that can be read."""

import pytest
from proposals import collection, config_of

from mmannot_tf.proposal.document import document
from mmannot_tf.proposal.groups import groups_for


@pytest.mark.parametrize("way", ["frozen", "fine-tuned"])
@pytest.mark.parametrize("training", [1, 43, 474, 4801, 1_000_000])
@pytest.mark.parametrize("vocabulary", [0, 25, 1000])
def test_every_proposal_is_a_valid_configuration(training, vocabulary, way):
    config = config_of(collection(training, vocabulary), way)
    assert config.data.vocabulary_size == vocabulary
    assert (config.stages.cnn.backbone_rate == 0) == (way == "frozen")
    assert (config.stages.cnn_head is None) == (way == "frozen")


def test_the_network_is_fine_tuned_as_in_mirflickr_finetuned():
    from mmannot_tf.config.loading import load

    proposed, shipped = config_of(collection(8008), "fine-tuned"), load("mirflickr_finetuned")
    assert proposed.stages.cnn == shipped.stages.cnn
    assert proposed.data.least_crop_area == shipped.data.least_crop_area


@pytest.mark.parametrize(("labels", "mean", "k"), [(24, 3.7, 4), (24, 0.2, 1), (2, 2.6, 2)])
def test_rows_of_a_fixed_number_give_the_mean_number_of_labels(labels, mean, k):
    assert config_of(collection(100, labels=labels, labels_per_image=mean), "frozen").evaluation.k == k


@pytest.mark.parametrize("way", ["frozen", "fine-tuned"])
def test_a_comment_stands_above_every_key(way):
    lines = document([], groups_for(collection(5000), way)).splitlines()
    keys = [number for number, line in enumerate(lines) if line[:1].isalpha()]
    assert len(keys) > 20
    assert all(lines[number - 1].startswith("# ") for number in keys)
    assert max(map(len, lines)) <= 100
