import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from mmannot_tf.evaluation.predictions import Predictions
from tfrecords_tools.shell.errors import UserError


def test_saved_predictions_come_back_whole(predictions, tmp_path):
    predictions.save(tmp_path / "new" / "test.npz")
    loaded = Predictions.load(tmp_path / "new" / "test.npz")
    for name in ("split", "digest", "ids", "label_names"):
        assert getattr(loaded, name) == getattr(predictions, name)
    np.testing.assert_array_equal(loaded.labels, predictions.labels)
    for name in ("probabilities", "quantity"):
        mine, theirs = getattr(predictions, name), getattr(loaded, name)
        assert list(mine) == list(theirs)
        for key, values in mine.items():
            assert theirs[key].dtype == np.float32
            np.testing.assert_array_equal(theirs[key], values)
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["test.npz"]


def test_tagged_are_the_images_with_a_known_tag(predictions):
    tagged = replace(predictions, known_tags=np.array([0, 7], np.int32)).tagged()
    assert tagged.ids == predictions.ids[1:]
    np.testing.assert_array_equal(tagged.known_tags, [7])
    np.testing.assert_array_equal(tagged.labels, predictions.labels[1:])
    with pytest.raises(UserError, match="must say how many tags an image has"):
        predictions.tagged()


def test_label_frequencies_and_known_tags_come_back_and_older_files_have_none(predictions, tmp_path):
    predictions.save(tmp_path / "older.npz")
    assert Predictions.load(tmp_path / "older.npz").label_frequencies is None
    assert Predictions.load(tmp_path / "older.npz").known_tags is None
    shares, known_tags = np.array([0.5, 0.25, 1.0], np.float32), np.array([0, 7], np.int32)
    replace(predictions, label_frequencies=shares, known_tags=known_tags).save(tmp_path / "test.npz")
    loaded = Predictions.load(tmp_path / "test.npz")
    np.testing.assert_array_equal(loaded.label_frequencies, shares)
    np.testing.assert_array_equal(loaded.known_tags, known_tags)


def test_a_failed_save_leaves_the_old_file(predictions, tmp_path):
    path = tmp_path / "test.npz"
    predictions.save(path)
    before = path.read_bytes()
    unsavable = replace(predictions)
    object.__setattr__(unsavable, "probabilities", {"cnn": np.array([object()])})
    with pytest.raises(TypeError):
        unsavable.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_saving_clears_away_what_a_killed_process_left(predictions, tmp_path):
    (tmp_path / ".test.npz.x1y2z3").mkdir()
    predictions.save(tmp_path / "test.npz")
    assert [file.name for file in tmp_path.iterdir()] == ["test.npz"]


def test_true_quantity_counts_labels(predictions):
    assert predictions.true_quantity.tolist() == [1 + 1 + 0, 0 + 0 + 1]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.npz, which does not exist"):
        Predictions.load(tmp_path / "gone.npz")


@pytest.mark.parametrize("size", [0, 10, 500, 1000])
def test_a_truncated_file_is_named_in_one_line(predictions, tmp_path, size):
    path = tmp_path / "test.npz"
    predictions.save(path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UserError, match=r"whole \.npz file.*test\.npz") as caught:
        Predictions.load(path)
    assert "\n" not in str(caught.value)


def test_a_flipped_byte_is_found(predictions, tmp_path):
    path = tmp_path / "test.npz"
    predictions.save(path)
    content = bytearray(path.read_bytes())
    at = content.index(predictions.probabilities["ms_cnn"].tobytes())
    content[at] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"test\.npz"):
        Predictions.load(path)


def test_another_archive_or_array_is_no_predictions_file(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(UserError, match=r"must hold split, digest.*other\.npz"):
        Predictions.load(tmp_path / "other.npz")
    np.save(tmp_path / "array.npy", np.zeros(3))
    with pytest.raises(UserError, match=r"array\.npy"):
        Predictions.load(tmp_path / "array.npy")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": ()}, "at least one image. Received: an empty test split"),
        ({"labels": np.zeros((2, 3), np.int64)}, "must be bool. Received: int64"),
        ({"labels": np.zeros((2, 4), bool)}, r"labels must have shape \[2, 3\]. Received: \[2, 4\]"),
        ({"probabilities": {"cnn": np.zeros((3, 2))}}, r"probabilities of cnn must have shape \[2, 3\]"),
        (
            {"probabilities": {"cnn": np.full((2, 3), np.nan)}},
            "probabilities of cnn must be finite.*6 of 6.*Train its stage",
        ),
        ({"quantity": {"quantity": np.zeros((2, 1))}}, r"outputs of quantity must have shape \[2\]"),
        ({"quantity": {"quantity": np.array([1, np.inf])}}, "outputs of quantity must be finite.*1 of 2"),
        ({"known_tags": np.zeros(3, int)}, r"numbers of known tags must have shape \[2\]. Received: \[3\]"),
        (
            {"known_tags": np.array([1, -1])},
            "numbers of known tags must be integers, 0 or more.*-1 the least",
        ),
        ({"known_tags": np.array([1.5, 1])}, "numbers of known tags must be integers.*Received: float64"),
        ({"label_frequencies": np.zeros(2)}, r"label frequencies must have shape \[3\]. Received: \[2\]"),
        ({"label_frequencies": np.array([0, 3, 1])}, "label frequencies must be shares.*Received: 0 to 3;"),
        ({"label_frequencies": np.full(3, np.nan)}, "label frequencies must be shares.*Received: nan to nan"),
    ],
)
def test_impossible_values_are_refused(predictions, change, message):
    with pytest.raises(UserError, match=message):
        replace(predictions, **change)


def test_impossible_values_in_a_file_name_it(predictions, tmp_path):
    path = tmp_path / "test.npz"
    predictions.save(path)
    with np.load(path) as archive:
        arrays = {
            name: archive[name] for name in archive.files if name != "seal"
        }  # as earlier versions wrote
    arrays["quantity.quantity"] = np.full(2, np.nan, np.float32)
    np.savez(path, **arrays)
    with pytest.raises(UserError, match=r"test\.npz: outputs of quantity must be finite"):
        Predictions.load(path)


@pytest.mark.slow
def test_fault_32_no_flipped_bit_is_read_as_other_predictions(predictions, tmp_path):
    """The archive's directories too: a flipped name must not become another scorer."""
    path = tmp_path / "test.npz"
    predictions.save(path)
    whole, before = path.read_bytes(), Predictions.load(path)
    silent = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            after = Predictions.load(path)
        except UserError:
            continue
        silent += 1
        assert (after.ids, after.label_names) == (before.ids, before.label_names)
        assert after.probabilities.keys() == before.probabilities.keys()
        assert all(
            (after.probabilities[name] == values).all() for name, values in before.probabilities.items()
        )
    assert silent < len(whole) / 4, "times and attributes of the archive, which mean nothing"


def test_predictions_of_earlier_versions_open(predictions, tmp_path):
    path = tmp_path / "test.npz"
    predictions.save(path)
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files if name != "seal"}
    np.savez(path, **arrays)
    assert Predictions.load(path).digest == predictions.digest
    np.savez(path, **{**arrays, "ids": np.array(3)})
    with pytest.raises(UserError, match=r"test\.npz"):
        Predictions.load(path)
    np.savez(path, **arrays, **{"probabilites.cnn": arrays["labels"]})
    with pytest.raises(UserError, match="unknown array 'probabilites"):
        Predictions.load(path)


def test_renamed_doubled_and_headless_arrays_are_damage(predictions, tmp_path):
    path = tmp_path / "test.npz"
    predictions.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    headless = {**parts, "probabilities.other.npy": b"no array"}
    renamed = {name.replace("probabilities.cnn", "probabilities.cnm"): part for name, part in parts.items()}
    assert renamed.keys() != parts.keys()
    written = {
        "differs from its digest": [renamed],
        "has no header": [headless],
        "occurs twice": [parts, parts],
    }
    for reason, archives in written.items():
        with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings(action="ignore"):
            for name, part in (item for one in archives for item in one.items()):
                archive.writestr(name, part)
        with pytest.raises(UserError, match=reason):
            Predictions.load(path)
