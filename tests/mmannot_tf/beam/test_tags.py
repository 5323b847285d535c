"""The join of photographs and tags gives what the local command's file of tags does."""

import os
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from mmannot_tf.beam.matching import Found
from mmannot_tf.beam.tags import JoinTags
from mmannot_tf.serving.inputs.photographs import PhotographFile
from mmannot_tf.serving.inputs.tags_file import TagsFile
from tfrecords_tools.shell.beam_runner import BeamRunner

pytestmark = pytest.mark.slow


def _joined(tags_file: Path, found: list[tuple[str, int, str]], tagged: dict[str, str], reports: list[str]):
    """Runs the join, and holds its tags by path and its report against the given ones."""
    runner, options = BeamRunner("DirectRunner").open()
    with beam.Pipeline(runner, options) as pipeline:
        elements = [
            (os.fsencode(path), Found(argument, os.fsencode(relative))) for path, argument, relative in found
        ]
        pairs, tally = pipeline | beam.Create(elements) | JoinTags(str(tags_file), "by default")
        expected = [(os.fsencode(path), tags) for path, tags in tagged.items()]
        assert_that(pairs, equal_to(expected), label="tags")
        report = tally | beam.Map(lambda tally: [*tally.report("tags.csv").lines()])
        assert_that(report, equal_to([reports]), label="report")


def test_rows_meet_photographs_by_each_of_their_names(tmp_path):
    folder = tmp_path / "ph\u00f6tos"
    relatives = ["a.jpg", "in/b.jpg", "in\\c.jpg", "d.jpg", "e.jpg", "f.jpg", "in/f.jpg"]
    tags_file = tmp_path / "tags.csv"
    tags_file.write_text(
        "image,tags\n"
        "./a.jpg,below the folder\n"
        f"{folder}/in//b.jpg,absolute\n"
        "in/c.jpg,with slashes\n"
        "d.jpg,first\nd.jpg,the last counts\n"
        f"{tmp_path}/pho\u0308tos/e.jpg,decomposed\n"
        "absent.jpg,nobody\ngone.jpg,nobody\n",
        encoding="utf-8",
    )
    photos = [PhotographFile(folder / relative, relative) for relative in relatives]
    local = TagsFile(tags_file, default="by default")
    tagged = {str(photo): local.get(photo) for photo in photos}
    assert [*tagged.values()] == [
        "below the folder",
        "absolute",
        "with slashes",
        "the last counts",
        "decomposed",
        "by default",
        "by default",
    ]
    lines = [*local.report().lines()]
    assert len(lines) == 2
    _joined(tags_file, [(str(photo), 0, photo.relative) for photo in photos], tagged, lines)


def test_a_photograph_that_two_arguments_name_comes_once_as_the_first_names_it(tmp_path):
    tags_file = tmp_path / "tags.csv"
    tags_file.write_text("image,tags\nin/a.jpg,of the first\na.jpg,of the second\nb.jpg,both\n")
    found = [
        ("/p/in/a.jpg", 1, "a.jpg"),
        ("/p/in/a.jpg", 0, "in/a.jpg"),
        ("/p/b.jpg", 0, "b.jpg"),
        ("/q/b.jpg", 2, "b.jpg"),
    ]
    tagged = {"/p/in/a.jpg": "of the first", "/p/b.jpg": "both", "/q/b.jpg": "both"}
    _joined(tags_file, found, tagged, ["tags.csv: 1 row matches several photographs each: b.jpg"])


def test_names_that_are_no_utf_8_are_joined_too(tmp_path):
    name = os.fsdecode(b"\xff.jpg")
    tags_file = tmp_path / "tags.csv"
    tags_file.write_text("image,tags\na.jpg,sea\n")
    found = [(f"/p/{name}", 0, name), ("/p/a.jpg", 0, "a.jpg")]
    _joined(tags_file, found, {f"/p/{name}": "by default", "/p/a.jpg": "sea"}, [])
