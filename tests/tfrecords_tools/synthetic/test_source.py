import dataclasses

import pytest

from tfrecords_tools.synthetic.settings import SyntheticSettings
from tfrecords_tools.synthetic.source import synthetic_source


@pytest.mark.parametrize(
    ("images", "share", "held"), [(6600, 0.091, 600), (100, 0.25, 25), (10, 0.1, 1), (7, 0.5, 3)]
)
def test_the_validation_share_is_exact(images, share, held):
    source = synthetic_source(SyntheticSettings(images=images, test_images=3, validation_share=share))
    candidates = {name: split.candidates for name, split in source.splits.items()}
    assert candidates == {"train": images - held, "validation": held, "test": 3}


def test_an_image_does_not_depend_on_how_many_are_made():
    small = SyntheticSettings(images=8, test_images=2, validation_share=0.25, size=32)
    large = dataclasses.replace(small, images=16, test_images=5)
    for split in ("train", "validation", "test"):
        few = list(synthetic_source(small).splits[split].examples())
        many = list(synthetic_source(large).splits[split].examples())
        assert many[: len(few)] == few
        assert len({example.image for example in many}) == len(many)
