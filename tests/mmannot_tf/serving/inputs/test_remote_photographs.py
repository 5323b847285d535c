import uuid

import fsspec
import pytest

from mmannot_tf.serving.inputs.passed_over import PassedOver
from mmannot_tf.serving.inputs.photographs import photographs
from mmannot_tf.serving.inputs.remote_photographs import RemotePhotograph, remote_photographs
from tfrecords_tools.photographs.unreadable import UnreadableImageError
from tfrecords_tools.shell.errors import UserError


@pytest.fixture
def stored(photos):
    """A copy of the folder of photographs in fsspec's memory; its address."""
    top = f"/{uuid.uuid4().hex}"
    system = fsspec.filesystem("memory")
    system.put(str(photos), top, recursive=True)
    yield f"memory:/{top}"
    system.rm(top, recursive=True)


def test_a_folder_elsewhere_holds_what_the_same_folder_here_holds(photos, stored):
    here, there = PassedOver(), PassedOver()
    of_files = [(photograph.relative, photograph.content()) for photograph in photographs([photos], here)]
    found = list(remote_photographs(stored, there))
    assert [(photograph.relative, photograph.content()) for photograph in found] == of_files
    assert there.document() == here.document()


def test_a_file_address_names_the_same_photographs_as_its_path(photos):
    found = list(remote_photographs(f"file://{photos}", PassedOver()))
    assert [str(photograph) for photograph in found] == [
        f"file://{photograph}" for photograph in photographs([photos])
    ]
    assert [photograph.modified() for photograph in found] == pytest.approx(
        [photograph.modified() for photograph in photographs([photos])]
    )


def test_patterns_name_what_matches(stored):
    found = remote_photographs(f"{stored}/inner/**/*.jp*", PassedOver())
    assert sorted(photograph.relative for photograph in found) == ["c.jpeg", "deeper/d.jpg"]


def test_addresses_of_found_photographs_open_again(stored):
    for photograph in remote_photographs(stored, PassedOver()):
        assert RemotePhotograph(str(photograph), "").content() == photograph.content()


def test_what_cannot_be_read_says_why(stored):
    for name, why in (("none.jpg", "missing"), ("notes.txt", "not JPEG"), ("inner", "a folder")):
        with pytest.raises(UnreadableImageError, match=why):
            RemotePhotograph(f"{stored}/{name}", name).content()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nowhere://bucket/a.jpg", "fsspec knows"),
        ("memory://none/*.jpg", "matches none"),
        ("gs://bucket/photos", "pip install 'gcsfs"),
        ("s3://bucket/photos", "pip install 's3fs"),
    ],
)
def test_addresses_out_of_reach_are_refused(address, message):
    with pytest.raises(UserError, match=message):
        list(remote_photographs(address, PassedOver()))
