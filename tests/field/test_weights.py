"""HDF5 files that would read other files of the machine: refused, whoever opens them."""

import io
import zipfile

import h5py
import numpy as np
import pytest

from mmannot_tf.weights import weights_file
from mmannot_tf.weights.hdf5 import check_self_contained
from mmannot_tf.weights.importers import import_weights
from tfrecords_tools.shell.errors import UserError


def _external_storage(file, secret):
    file.create_dataset("layers/a/vars/0", (4,), "u1", external=[(str(secret), 0, 4)])


def _external_link(file, secret):
    file.create_group("layers/a")["vars"] = h5py.ExternalLink(str(secret), "/")


def _soft_link(file, secret):
    file.create_group("layers")["a"] = h5py.SoftLink("/elsewhere")


def _virtual(file, secret):
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource(str(secret), "data", shape=(4,))
    file.create_virtual_dataset("layers/a", layout)


REFERENCES = {
    "external storage": _external_storage,
    "an external link": _external_link,
    "a soft link": _soft_link,
    "a virtual dataset": _virtual,
}


@pytest.fixture(params=REFERENCES)
def hostile(request, tmp_path):
    """A file of weights that refers to another file, which holds a secret."""
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["data"] = np.arange(4, dtype="u1")
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        REFERENCES[request.param](file, secret)
        file.attrs[weights_file.ATTRIBUTE] = "{}"
    return path


def test_fault_28_a_file_that_reads_others_is_refused(hostile, tmp_path):
    refused = pytest.raises(UserError, match=r"must hold all its data itself.*weights\.h5")
    for read in (check_self_contained, weights_file.read, weights_file.read_provenance):
        with refused:
            read(hostile)
    with refused:
        import_weights(hostile, "keras", tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_fault_28_a_keras_archive_that_reads_others_is_refused(hostile, tmp_path):
    path = tmp_path / "weights.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", '{"config": {"layers": []}}')
        archive.write(hostile, "model.weights.h5")
    with pytest.raises(UserError, match=r"must hold all its data itself.*weights\.keras"):
        import_weights(path, "keras", tmp_path / "out.h5")


def test_groups_that_hold_themselves_end(tmp_path):
    with h5py.File(tmp_path / "loop.h5", "w") as file:
        group = file.create_group("a")
        group["again"] = group
        file["a"]["root"] = file["/"]
        file["a/data"] = np.zeros(3)
    check_self_contained(tmp_path / "loop.h5")


def test_a_file_that_is_cut_short_is_one_line(tmp_path):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["a"] = np.zeros(1000)
    (tmp_path / "cut.h5").write_bytes(content.getvalue()[:900])
    with pytest.raises(UserError, match=r"must be whole.*cut\.h5"):
        check_self_contained(tmp_path / "cut.h5")
