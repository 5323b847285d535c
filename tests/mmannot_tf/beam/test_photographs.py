"""How a worker reads a photograph, and which failures become records."""

import io

import pytest
from PIL import Image

from mmannot_tf.beam.photographs import StoredPhotograph
from tfrecords_tools.photographs.unreadable import UnreadableImageError


def test_a_photograph_of_a_bucket_is_read_whole(bucket):
    encoded = io.BytesIO()
    Image.new("RGB", (60, 40)).save(encoded, "JPEG")
    (bucket / "a.jpg").write_bytes(encoded.getvalue())
    (bucket / "empty.jpg").touch()
    (bucket / "text.jpg").write_text("no photograph")
    assert StoredPhotograph("bucket://a.jpg").read() == encoded.getvalue()
    for name, reason in (("empty", "empty file"), ("text", "not JPEG, PNG"), ("absent", "missing")):
        with pytest.raises(UnreadableImageError, match=reason):
            StoredPhotograph(f"bucket://{name}.jpg").read()


def test_a_file_of_this_machine_is_read_as_the_local_command_does(tmp_path):
    with pytest.raises(UnreadableImageError, match="missing"):
        StoredPhotograph(str(tmp_path / "absent.jpg")).read()
    with pytest.raises(UnreadableImageError, match="a folder, not a regular file"):
        StoredPhotograph(str(tmp_path)).read()


def test_a_lost_connection_is_no_record_but_left_to_the_runner(bucket, monkeypatch):
    """Clients of clouds raise errors of their own; what a store itself refuses is an OSError."""
    (bucket / "a.jpg").write_bytes(b"\xff\xd8\xff")

    class ServiceUnavailableError(Exception):
        pass

    def raising(error):
        def opened(*_, **__):
            raise error

        return opened

    opening = "apache_beam.io.filesystems.FileSystems.open"
    monkeypatch.setattr(opening, raising(ServiceUnavailableError("503")))
    with pytest.raises(ServiceUnavailableError):
        StoredPhotograph("bucket://a.jpg").read()
    monkeypatch.setattr(opening, raising(PermissionError("no access")))
    with pytest.raises(UnreadableImageError, match="no access"):
        StoredPhotograph("bucket://a.jpg").read()
