from mmannot_tf.config.data_keys import ADDED, AUGMENTATION, FORMER, PIXELS, TAGS, pixel_values
from mmannot_tf.config.model import ModelSettings
from mmannot_tf.config.settings import DataSettings, TrainingSettings
from mmannot_tf.runs import plan


def test_every_key_of_the_data_section_is_in_exactly_one_list():
    assert sorted((*PIXELS, *AUGMENTATION, *TAGS, "decoded_cache")) == sorted(DataSettings.model_fields)


def test_every_shared_key_is_an_input_of_a_stage_or_known_to_change_no_weights():
    inputs = {key for keys in plan.BRANCH_KEYS.values() for key in keys}
    inputs |= {key for keys in plan.READING_KEYS.values() for key in keys}
    inputs |= {*plan.SHARED_KEYS, *(key for keys in plan.SECTION_KEYS.values() for key in keys)}
    sections = {"data": DataSettings, "model": ModelSettings, "training": TrainingSettings}
    keys = {f"{name}.{key}" for name, section in sections.items() for key in section.model_fields}
    without_effect = {"data.decoded_cache", "training.checkpoint_seconds", "training.jit_compile"}
    by_what_it_changes = {"training.refit_of"}  # the digest of the records and the epochs are inputs
    assert keys - inputs == without_effect | by_what_it_changes
    assert inputs <= keys


def test_stages_list_the_keys_of_images_in_the_order_of_earlier_runs():
    """stage.json keeps this order; runs of earlier versions have it, without the orientation."""
    assert plan.READING_KEYS["images"] == (
        "data.image_size",
        "data.orientation",
        "data.preprocessing",
        "data.resize",
        "data.augmentation",
        "data.least_crop_area",
        "training.shuffle_buffer",
    )


def test_annotators_list_the_keys_of_images_in_the_order_of_earlier_exports():
    """The digest of an annotator has the values in this order, those of later keys behind them."""
    assert ("image_size", "resize", "preprocessing", *ADDED) == PIXELS


def test_an_annotator_that_answers_as_before_a_key_keeps_its_digest():
    former = DataSettings.model_validate(FORMER)
    assert pixel_values(former) == [224, "half_pixel", "weights"]
    assert pixel_values(former.model_copy(update={"orientation": "exif"})) != pixel_values(former)


def test_former_values_are_values_of_the_keys_and_no_defaults():
    assert DataSettings.model_validate(FORMER).model_fields_set == set(FORMER)
    assert all(getattr(DataSettings(), key) != value for key, value in FORMER.items())
