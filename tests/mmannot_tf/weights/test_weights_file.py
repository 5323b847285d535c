import json

import h5py
import numpy as np
import pytest

from mmannot_tf.models.geometry import KERAS
from mmannot_tf.weights.provenance import CAFFE, Provenance
from mmannot_tf.weights.weights_file import ATTRIBUTE, read, read_provenance, tensors_digest, write
from tfrecords_tools.shell.errors import UserError

TENSORS = {
    "conv1_conv/kernel": np.arange(7 * 7 * 3 * 8, dtype=np.float32).reshape(7, 7, 3, 8),
    "conv1_bn/gamma": np.ones(8, np.float32),
    "predictions/kernel": np.full((8, 10), 0.5, np.float32),
}
PROVENANCE = Provenance("tfjs", "tiny", 1e-3, KERAS, CAFFE, tensors_digest(TENSORS))


@pytest.fixture
def file(tmp_path):
    write(tmp_path / "weights.h5", TENSORS, PROVENANCE)
    return tmp_path / "weights.h5"


def _message(path, function=read):
    with pytest.raises(UserError) as caught:
        function(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_reads_what_it_wrote(file):
    provenance, tensors = read(file)
    assert provenance == read_provenance(file) == PROVENANCE
    assert set(tensors) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == np.float32
        np.testing.assert_array_equal(tensors[name], tensor)


def test_files_of_before_whose_attribute_has_no_fixed_length_are_read(file):
    with h5py.File(file, "a") as opened:
        opened.attrs[ATTRIBUTE] = json.dumps(PROVENANCE.to_dict())
        assert h5py.check_string_dtype(opened.attrs.get_id(ATTRIBUTE).dtype).length is None
    assert read(file)[0] == PROVENANCE


def test_is_plain_hdf5_with_a_dataset_a_tensor(file):
    with h5py.File(file) as plain:
        np.testing.assert_array_equal(plain["conv1_conv"]["kernel"][()], TENSORS["conv1_conv/kernel"])


def test_nothing_is_left_beside_it(file):
    assert [path.name for path in file.parent.iterdir()] == ["weights.h5"]


def test_a_failed_write_leaves_the_old_file(file):
    with pytest.raises(ValueError, match="could not convert"):
        write(file, {"a/b": np.array(["no number"])}, PROVENANCE)
    assert read(file)[0] == PROVENANCE


def test_missing(tmp_path):
    assert "does not exist" in _message(tmp_path / "none.h5")


def test_a_folder_is_no_file(tmp_path):
    assert "must be HDF5" in _message(tmp_path)


def test_text_is_no_hdf5(tmp_path):
    (tmp_path / "weights.h5").write_text("hello")
    assert "must be HDF5" in _message(tmp_path / "weights.h5", read_provenance)


def test_foreign_hdf5(tmp_path):
    with h5py.File(tmp_path / "keras.h5", "w") as foreign:
        foreign["conv1/kernel"] = np.zeros(3)
    assert "mmannot weights import" in _message(tmp_path / "keras.h5", read_provenance)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.999])
def test_truncated(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    _message(file)


def test_a_changed_number_is_found(file):
    with h5py.File(file, "r+") as content:
        content["conv1_bn/gamma"][3] = 2.0
    assert "damaged" in _message(file)


def test_a_lost_tensor_is_found(file):
    with h5py.File(file, "r+") as content:
        del content["conv1_bn/gamma"]
    assert "damaged" in _message(file)


def test_digest_is_of_names_shapes_and_values_not_of_their_order():
    backwards = dict(reversed(TENSORS.items()))
    gamma = TENSORS["conv1_bn/gamma"]
    others = [
        {**TENSORS, "conv1_bn/gamma": gamma * 2},
        {**TENSORS, "conv1_bn/gamma": gamma.reshape(2, 4)},
        {"conv1_bn/beta" if name == "conv1_bn/gamma" else name: t for name, t in TENSORS.items()},
    ]
    assert tensors_digest(backwards) == tensors_digest(TENSORS)
    assert len({tensors_digest(tensors) for tensors in [TENSORS, *others]}) == 4


def test_a_file_of_a_later_version_says_so(file):
    with h5py.File(file, "r+") as content:
        plain = json.loads(content.attrs[ATTRIBUTE])
        content.attrs[ATTRIBUTE] = json.dumps({**plain, "version": 3})
    assert "version must be at most 2. Received: version=3" in _message(file)


def test_no_flipped_bit_is_read_as_other_weights(file):
    whole = file.read_bytes()
    for place in [*range(0, 3000, 3), *range(3000, len(whole), 211)]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        try:
            provenance, tensors = read(file)
        except UserError:
            continue
        assert tensors_digest(tensors) == provenance.digest == PROVENANCE.digest


def test_a_tensor_of_an_impossible_size_is_damage(file):
    with h5py.File(file, "a") as opened:
        opened.create_dataset("huge", (2**50,), np.float32, chunks=(1024,))
    assert "must be whole" in _message(file)
