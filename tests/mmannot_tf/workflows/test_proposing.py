"""What `mmannot init` proposes, with a machine whose speed is known."""

import tomllib

import pytest

from mmannot_tf.config.loading import parse
from mmannot_tf.proposal.machine_speed import MachineSpeed
from mmannot_tf.workflows import proposing
from mmannot_tf.workflows.proposing import propose


def measured(config, path):
    """20 images/s of features; 10 of fine-tuning where the configuration fine-tunes."""
    moves = config.stages.cnn.backbone_rate > 0
    return MachineSpeed(20.0, 10.0 if moves else None, 10**9)


@pytest.fixture
def propose_for(tiny_records):
    return lambda minutes=30.0: propose(tiny_records, minutes=minutes, measure=measured)


@pytest.fixture
def few_are_enough(monkeypatch, tiny_records):
    monkeypatch.setattr(proposing, "FINE_TUNED_FROM", tiny_records.splits["train"])


def test_few_photographs_leave_the_network_as_it_is(propose_for):
    proposal = propose_for()
    assert (proposal.way, proposal.fine_tuning) == ("frozen", None)


def test_many_photographs_fine_tune_it_where_there_is_time(propose_for, few_are_enough):
    proposal = propose_for(minutes=600.0)
    assert (proposal.way, proposal.fine_tuning) == ("fine-tuned", None)


def test_without_time_fine_tuning_is_foretold_beside_the_other_way(propose_for, few_are_enough):
    proposal = propose_for(minutes=0.0)
    assert proposal.way == "frozen"
    assert proposal.fine_tuning is not None
    assert proposal.fine_tuning.minutes > proposal.forecast.minutes
    assert any("`--minutes" in remark for remark in proposal.remarks())


def test_the_file_is_a_configuration_below_the_commands_that_use_it(propose_for, tiny_records):
    text = propose_for().text(records="my records", file="cats and dogs.toml")
    lines = text.splitlines()
    assert lines[1] == "#   mmannot init 'my records' --out 'cats and dogs.toml'"
    assert lines[2] == "#   mmannot train 'cats and dogs.toml' --data 'my records' --run 'runs/cats and dogs'"
    config = parse(tomllib.loads(text), "text")
    assert config.model.weights == "keras2016"
    assert config.data.vocabulary_size <= len(tiny_records.vocabulary)


def test_remarks_count_the_photographs(propose_for, tiny_records):
    splits = tiny_records.splits
    first = next(iter(propose_for().remarks()))
    assert first.startswith(
        f"{splits['train']:,} photographs to train on, {splits['validation']:,} to validate on"
    )
