"""From the official layout to records and back, by the command line."""

import pytest

from tfrecords_tools.cli.main import main
from tfrecords_tools.reading.records import open_records, read


@pytest.fixture
def pictures(raw, make_jpeg):
    """The small tree with its image files."""
    for number in range(1, 21):
        (raw / "mirflickr" / f"im{number}.jpg").write_bytes(make_jpeg(number))
    return raw


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "folder", "dropped"),
    [
        ((), "modulo-all", set()),
        (("--drop-untagged",), "modulo-all", {"im3"}),
        (("--labels", "potential", "--protocol", "random", "--split-seed", "3"), "random3-potential", set()),
    ],
)
def test_images_with_a_label_become_records(pictures, tmp_path, options, folder, dropped):
    out = tmp_path / "records"
    assert main(["build", "mirflickr", "--raw", str(pictures), "--out", str(out), *options]) == 0
    records = open_records(out)
    assert records.path == out / "mirflickr" / folder / "1.0.0"
    found = {
        one["id"].decode(): one["image"]
        for split in records.splits
        for one in read(records, split).as_numpy_iterator()
    }
    labelled = {f"im{number}" for number in range(1, 21)} - {
        f"im{number}" for number in (2, 6, 8, 12, 14, 18, 20)
    }
    assert found.keys() == labelled - dropped
    assert all(
        image == (pictures / "mirflickr" / f"{name}.jpg").read_bytes() for name, image in found.items()
    )
    assert main(["verify", str(records.path)]) == 0
