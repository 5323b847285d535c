import json
import shutil
import subprocess

import pytest

from mmannot_tf.serving.annotation import Annotation
from mmannot_tf.serving.inputs.photographs import PhotographFile
from mmannot_tf.serving.outputs.new_sidecar import new_sidecar
from mmannot_tf.serving.outputs.sidecars import Sidecars
from mmannot_tf.serving.outputs.undo import undo
from tfrecords_tools.photographs.keyword_fields import SUBJECT, added_labels, model_of
from tfrecords_tools.photographs.xmp import XmpPacket

STRANGE = ["sea & <b>sky</b>", "été", "日本", "a, b; c"]


def test_it_is_what_annotate_writes(tmp_path):
    photograph = tmp_path / "a.jpg"
    photograph.touch()
    Sidecars("m").write([Annotation(str(photograph), "", (("sky", 0.9), ("sea", 0.5)), 2.0)])
    assert new_sidecar(["sky", "sea"], "m") == (tmp_path / "a.jpg.xmp").read_bytes()


def test_labels_that_a_person_gave_are_that_persons_keywords():
    packet = XmpPacket(new_sidecar(["sky", "sea"], "m", given=["dog", "sea", "dog", "nul\0"]))
    assert packet.values(SUBJECT.name) == ["dog", "sea", "nul\ufffd", "sky"]
    assert added_labels(packet) == ["sky"]
    assert model_of(packet) == "m"


def test_undo_takes_the_models_labels_back_and_no_others(tmp_path):
    sidecar = tmp_path / "a.jpg.xmp"
    sidecar.write_bytes(new_sidecar(["sky", "sea"], "m", given=["dog", "sea"]))
    undo([PhotographFile(tmp_path / "a.jpg", "a.jpg")])
    assert XmpPacket(sidecar.read_bytes()).values(SUBJECT.name) == ["dog", "sea"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("exiftool", ["exiftool", "-json", "-XMP-dc:Subject"]),
        ("exiv2", ["exiv2", "-PXv", "-K", "Xmp.dc.subject"]),
    ],
)
def test_other_programs_read_it(tmp_path, program, command):
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}, which is not installed")
    (tmp_path / "a.xmp").write_bytes(new_sidecar(["sky"], "m", given=STRANGE))
    ran = subprocess.run([*command, "a.xmp"], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True)
    if program == "exiftool":
        assert json.loads(ran.stdout)[0]["Subject"] == [*STRANGE, "sky"]
    else:
        assert ran.stdout.strip() == ", ".join([*STRANGE, "sky"])
