"""The file of decoded images: when it is written, and when it is written again."""

import json
import os
import resource

import numpy as np
import pytest
from tiers import exhaustive

from mmannot_tf.config.data_keys import FORMER
from mmannot_tf.config.loading import parse
from mmannot_tf.config.settings import DataSettings
from mmannot_tf.data.decoded_cache import DecodedCache
from mmannot_tf.data.image_batches import ImageBatches
from mmannot_tf.weights.provenance import CAFFE, CENTRED
from tfrecords_tools.shell.errors import UserError


@pytest.fixture
def cache_of(tiny_records, tmp_path):
    def make(preprocessing=CENTRED, **settings):
        data = DataSettings(**{"image_size": 32, **settings})
        return DecodedCache(ImageBatches(tiny_records, data, preprocessing, batch_size=16), tmp_path)

    return make


def _told(capsys):
    return capsys.readouterr().err


@pytest.mark.slow
def test_the_file_holds_the_split_in_its_order(cache_of):
    cache = cache_of()
    cache.store()
    want = np.concatenate([pixels.numpy() for pixels, _ in cache.images.split("train")])
    np.testing.assert_array_equal(cache.open(), want)
    np.testing.assert_array_equal(cache.in_memory(), want)
    assert isinstance(cache.open(), np.memmap)
    assert cache.bytes == want.nbytes


def test_a_file_that_holds_is_left_alone(cache_of, tmp_path, capsys):
    cache_of().store()
    before = (tmp_path / "train.npy").stat().st_mtime_ns
    assert "0.00 GB" in _told(capsys)
    cache_of(augmentation="flip").store()
    assert (tmp_path / "train.npy").stat().st_mtime_ns == before
    assert _told(capsys) == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    "other",
    [
        {"image_size": 40},
        {"preprocessing": CAFFE},
        *exhaustive([{"resize": "tf1"}, {"orientation": "ignored"}]),
    ],
    ids=lambda case: next(iter(case)),
)
def test_what_was_made_from_other_settings_is_made_again(cache_of, other, capsys):
    cache_of().store()
    changed = cache_of(**other)
    changed.store()
    assert "made from other records or settings" in _told(capsys)
    np.testing.assert_array_equal(changed.open(), changed.in_memory())


@pytest.mark.slow
def test_a_file_of_before_the_orientation_was_a_key_is_kept_for_the_former_reading(
    cache_of, tmp_path, capsys
):
    cache_of(**FORMER).store()
    record = json.loads((tmp_path / "train.json").read_text())
    del record["made_from"]["orientation"], record["seal"]
    (tmp_path / "train.json").write_text(json.dumps(record))
    _told(capsys)
    cache_of(**FORMER).store()
    assert _told(capsys) == ""
    cache_of(resize="half_pixel").store()
    assert "made from other records or settings" in _told(capsys)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["flipped", *exhaustive(["cut", "removed"])])
def test_a_damaged_file_is_made_again(cache_of, tmp_path, damage, capsys):
    cache, file = cache_of(), tmp_path / "train.npy"
    cache.store()
    data = bytearray(file.read_bytes())
    if damage == "flipped":
        data[5000] ^= 1
        file.write_bytes(data)
    elif damage == "cut":
        file.write_bytes(data[: len(data) // 2])
    else:
        file.unlink()
    _told(capsys)
    cache.store()
    assert ("not as it was written" in _told(capsys)) == (damage != "removed")
    np.testing.assert_array_equal(cache.open(), cache.in_memory())


def test_what_a_killed_process_left_is_removed(cache_of, tmp_path):
    left = tmp_path / ".train.npy.abc12345"
    left.mkdir()
    (left / "train.npy").write_bytes(b"half")
    cache_of().store()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["train.json", "train.npy"]


def test_a_full_disk_is_told_in_one_line_and_nothing_is_left(cache_of, tmp_path):
    """A temporary limit on the size of files simulates a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))
    try:
        with pytest.raises(UserError, match=r'data\.decoded_cache = "disk" needs 0\.00 GB.*File too large'):
            cache_of().store()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_more_than_the_machine_has_is_refused_before_it_is_decoded(cache_of, monkeypatch):
    monkeypatch.setattr(os, "sysconf", lambda name: 1024)  # a machine of one MiB
    with pytest.raises(UserError, match=r'"memory" needs .* for 88 training images of 96 pixels.*"disk"'):
        cache_of(image_size=96).in_memory()


@pytest.mark.parametrize("augmentation", ["crop", "crop-flip"])
@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_crops_and_a_cache_are_refused_in_one_line(tiny_config, augmentation, kind):
    settings = tiny_config.model_dump(mode="json")
    settings["data"].update(augmentation=augmentation, decoded_cache=kind)
    with pytest.raises(UserError, match=r"crops are cut from the original") as error:
        parse(settings, "test")
    assert "\n" not in str(error.value)
