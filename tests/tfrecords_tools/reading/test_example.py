import hashlib
import json
from pathlib import Path

from tfrecords_tools.reading.example import Example, content_digest, fingerprint


def test_tags_are_lower_case_stripped_and_unique_in_order():
    example = Example("a", b"", ("sea", "sea", "art"), (" Sea", "sea", "", "  ", "Zoo ", "new york"))
    assert example.tags == ("sea", "zoo", "new york")
    assert example.labels == ("sea", "art")


def test_a_report_names_the_file_or_the_id():
    assert Example("7", Path("folder/7.jpg"), (), ()).file == "7.jpg"
    assert Example("7", b"", (), ()).file == "7"


def test_a_fingerprint_is_the_hash_of_id_image_labels_and_tags():
    record = Example("7", b"", ("sea",), ("zoo",)).record(b"bytes")
    image = hashlib.sha256(b"bytes").hexdigest()
    assert (
        fingerprint(record) == hashlib.sha256(json.dumps(["7", image, ["sea"], ["zoo"]]).encode()).hexdigest()
    )


def test_the_digest_ignores_the_order_of_records_and_nothing_else():
    whole = content_digest(["a"], {"train": ["1", "2"], "test": ["3"]})
    assert whole == content_digest(("a",), {"test": ["3"], "train": ["2", "1"]})
    others = [(["b"], ["1", "2"], ["3"]), (["a"], ["1"], ["3"]), (["a"], ["1", "3"], ["2"])]
    assert whole not in {
        content_digest(names, {"train": train, "test": test}) for names, train, test in others
    }
