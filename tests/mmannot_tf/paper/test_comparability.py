from dataclasses import replace

import pytest

from mmannot_tf.paper.comparability import RunFacts, build_departures, reasons_against

BUILD = "mmannot-records build"
COCO = RunFacts(
    source="mscoco",
    split="test",
    images=30_774,
    backbone="resnet101",
    weights_origin="imagenet",
    readings={"evaluation.k": 3},
    build={"tokens": "letters", "stop_words": "drop", "validation_share": 0.1},
)
NUS = replace(COCO, source="nus_wide", images=55_335, build={"protocol": "paper", "drop_label_tags": False})


@pytest.mark.parametrize("facts", [COCO, NUS])
def test_a_run_like_the_papers_has_no_reason_against_it(facts):
    assert reasons_against(facts) == []


@pytest.mark.parametrize(
    ("facts", "change", "reason"),
    [
        (COCO, {"source": "synthetic"}, "another data set: synthetic, where Table I is NUS-WIDE"),
        (COCO, {"images": 86}, "86 images, where the paper's test split has 30,774"),
        (NUS, {"images": 30_774}, "30,774 images, where the paper's test split has 55,335"),
        (
            COCO,
            {"split": "validation"},
            "the validation split, where the paper's numbers are of its test split",
        ),
        (NUS, {"backbone": "tiny"}, "backbone tiny, where the paper has ResNet-101"),
        (
            COCO,
            {"weights_origin": "random"},
            "random weights to begin with, where the paper's are pretrained on ImageNet",
        ),
        (COCO, {"readings": {"evaluation.k": 2}}, "evaluation.k is 2 where the default reading is 3 [15]"),
        (
            NUS,
            {"build": None},
            "the run's records are not at hand, so how they were built is not known: pass --data",
        ),
        (
            NUS,
            {"build": {"protocol": "150000-59347"}},
            f'{BUILD} nus-wide --protocol is "150000-59347" where the default reading is "paper" [16]',
        ),
        (
            NUS,
            {"build": {"drop_label_tags": True}},
            f"{BUILD} nus-wide --drop-label-tags is True where the default reading is False [17]",
        ),
        (
            COCO,
            {"build": {"tokens": "whitespace"}},
            f'{BUILD} mscoco --tokens is "whitespace" where the default reading is "letters" [18]',
        ),
    ],
)
def test_each_fact_that_differs_is_one_reason(facts, change, reason):
    assert reasons_against(replace(facts, **change)) == [reason]


def test_options_of_another_data_sets_build_are_no_departures():
    assert build_departures("mscoco", {"protocol": "official-all"}) == []
    assert build_departures("nus_wide", {"tokens": "whitespace"}) == []


@pytest.mark.parametrize("protocol", ["official-all", "150000-59347", "150000-40253"])
def test_no_protocol_of_nus_wide_but_the_papers_is_comparable(protocol):
    from tfrecords_tools.nus_wide.settings import NusWideSettings

    def build(name, tmp="raw"):
        return NusWideSettings(raw=tmp, protocol=name).as_json()

    assert any(protocol in reason for reason in reasons_against(replace(NUS, build=build(protocol))))
    assert reasons_against(replace(NUS, build=build("paper"))) == []


def test_the_defaults_of_a_build_of_mscoco_are_no_departures():
    from tfrecords_tools.mscoco.settings import MscocoSettings

    assert build_departures("mscoco", MscocoSettings(raw="raw").as_json()) == []
