from typing import Literal, get_args, get_origin, get_type_hints

import pytest
import typer
from pydantic import BaseModel

from mmannot_tf.config.loading import load
from mmannot_tf.config.settings import Config, EvaluationSettings, Stages, TrainingSettings
from mmannot_tf.evaluation.document import document
from mmannot_tf.paper.readings import configuration_keys, departures, in_force, readings, readings_in_force
from tfrecords_tools.cli.main import app as records
from tfrecords_tools.cli.sources import SOURCES

KEYS = [key for key, _ in configuration_keys()]
PIXELS = [
    'data.orientation is "exif" where the paper\'s reading is "ignored" [19]',
    'data.resize is "antialiased" where the paper\'s reading is "half_pixel" [19]',
]
SECTIONS = ["Optimisation", "Model", "Data", "Evaluation"]


def field_of(dotted):
    """The pydantic field behind a dotted key."""
    model, *names = Config, *dotted.split(".")
    for name in names[:-1]:
        model = model.model_fields[name].annotation
    return model.model_fields[names[-1]]


def literal_options(annotation):
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def config(**sections):
    stage = {"epochs": 1, "learning_rate": 0.1}
    required = [name for name, field in Stages.model_fields.items() if field.is_required()]
    return Config(stages=Stages(**dict.fromkeys(required, stage)), **sections)


def literal_fields(model, prefix=""):
    """Every dotted key of the settings whose value is one of named options."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from literal_fields(field.annotation, f"{prefix}{name}.")
        elif literal_options(field.annotation):
            yield prefix + name


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_each_key_exists_with_the_default_and_options_of_the_settings(key):
    field = field_of(key.name)
    default = tuple(key.default) if isinstance(key.default, list) else key.default
    assert (default, type(default)) == (field.default, type(field.default))
    assert key.options == literal_options(field.annotation)


def test_every_named_choice_of_the_settings_is_a_reading_or_known_to_be_ours():
    ours = {
        "data.decoded_cache",
        "evaluation.untagged",
        "model.backbone",
        "model.classifier_start",
        "model.feature_scaling",
        "model.quantity_bias",
        "training.batch_norm",
        "training.precision",
    }
    of_the_paper = {key for key in literal_fields(Config) if not key.startswith(("methods.", "stages."))}
    assert of_the_paper - ours == {key.name for key in KEYS if key.options}


OPTIONS = [key for reading in readings() for key in reading.keys if not key.in_configuration]


@pytest.mark.parametrize("key", OPTIONS, ids=lambda key: key.name)
def test_each_option_of_a_command_exists_with_its_default_and_choices(key):
    _, *words, option = key.name.split()
    command = typer.main.get_command(records)
    for word in words:
        command = command.commands[word]
    (parameter,) = (parameter for parameter in command.params if option in parameter.opts)
    assert parameter.default == key.default
    (source,) = (source for source in SOURCES if source.name == words[-1])
    assert literal_options(get_type_hints(source.settings).get(parameter.name)) == key.options


def test_what_an_ablation_tries_fits_the_settings_and_differs_from_the_default():
    for key in KEYS:
        tried = [value for value in key.tried if value != key.default]
        assert len(tried) >= len(key.tried) - 1
        assert {type(value) for value in tried} <= {type(key.default)}


def test_readings_in_force_have_the_values_of_their_keys():
    keys = {key.name: key for reading in readings_in_force({"evaluation.k": 2}) for key in reading.keys}
    assert (keys["evaluation.k"].value, keys["evaluation.k"].default) == (2, 3)
    assert keys["training.weight_decay"].value == "l2"
    assert [reading.reading.number for reading in readings_in_force({})] == list(range(1, 25))
    listed = document(readings_in_force({}))
    text = ["number", "section", "title", "paper", "options", "default", "evidence", "keys"]
    assert all(list(reading) == text for reading in listed)
    assert list(listed[0]["keys"][0]) == ["name", "default", "options", "value"]


def test_all_24_readings_are_there_in_order():
    assert [reading.number for reading in readings()] == list(range(1, 25))
    assert [reading.section for reading in readings()] == sorted(
        (reading.section for reading in readings()), key=SECTIONS.index
    )


def test_no_key_is_listed_twice():
    names = [key.name for reading in readings() for key in reading.keys]
    assert len(names) == len(set(names))


def test_in_force_reads_the_configuration():
    values = in_force(
        config(
            training=TrainingSettings(weight_decay="ema"),
            evaluation=EvaluationSettings(least_quantity=0),
        )
    )
    assert values["training.weight_decay"] == "ema"
    assert values["evaluation.least_quantity"] == 0
    assert values["model.tag_hidden"] == [2048, 2048]
    assert list(values) == [key.name for key in KEYS]


@pytest.mark.parametrize("name", ["nus_wide", "mscoco"])
def test_the_papers_configurations_do_not_depart_in_how_pixels_are_made(name):
    assert not [departure for departure in departures(in_force(load(name))) if "data." in departure]


def test_the_only_defaults_that_depart_from_the_paper_say_what_the_paper_has():
    assert departures(in_force(config())) == PIXELS


def test_a_departure_names_key_value_default_and_number():
    values = in_force(
        config(training=TrainingSettings(weight_decay="shrink"), evaluation=EvaluationSettings(k=2))
    )
    assert departures(values) == [
        'training.weight_decay is "shrink" where the default reading is "l2" [2]',
        "evaluation.k is 2 where the default reading is 3 [15]",
        *PIXELS,
    ]
    assert departures({"model.tag_hidden": [64, 64]}) == [
        "model.tag_hidden is 64, 64 where the default reading is 2048, 2048 [10]"
    ]
