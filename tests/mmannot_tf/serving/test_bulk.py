"""Many photographs: what a kill costs, and that memory does not grow with their number."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time

import pytest
from PIL import Image

from mmannot_tf.cli.launch import PROGRAM

STREAMED = """
import resource, sys
from pathlib import Path
import numpy as np
from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.model import open_model
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.serving.outputs.json_lines import JsonLines
from mmannot_tf.serving.outputs.record_file import RecordFile
from mmannot_tf.serving.inputs.photographs import photographs
from mmannot_tf.serving.inputs.tags_file import TagsFile

def engine(inputs):
    size, labels = len(inputs), len(model.labels)
    order = np.tile(np.arange(labels, dtype=np.int32), (size, 1))
    return NetworkOutputs(np.ones((size, labels)), np.ones(size), order < 2, order)

model, folder, half = open_model(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3]) // 2
output, tags = RecordFile(folder / "labels.jsonl", JsonLines(), "m"), TagsFile(folder / "tags.csv")
wanted = (photograph for photograph in photographs([folder]) if output.wants(photograph))
done = 0
for results in Annotator(model, lambda _: engine).annotate_files(wanted, tags=tags, batch_size=64):
    done += len(output.write(results))
    if done - len(results) < half <= done:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, done)
"""


def _many(folder, count):
    """Hard links to a few photographs, a thousand a folder, and a file with tags for each."""
    Image.new("RGB", (48, 32), (90, 120, 200)).save(folder / "one.tmp", "JPEG")
    with (folder / "tags.csv").open("w") as tags:
        tags.write("image,tags\n")
        for number in range(count):
            inner = folder / f"{number // 1000:04}"
            if number % 1000 == 0:
                inner.mkdir()
                (inner / "one.tmp").write_bytes((folder / "one.tmp").read_bytes())
            name = f"photograph-with-a-name-of-some-length-{number:07}.jpg"
            os.link(inner / "one.tmp", inner / name)
            tags.write(f'{inner.name}/{name},"sea, sun, a tag of some length, another number {number}"\n')


@pytest.mark.exhaustive
def test_memory_does_not_grow_with_the_number_of_files(tiny_run, tmp_path):
    """100,000 photographs and their tags: all but the network."""
    count = 100_000
    _many(tmp_path, count)
    command = [sys.executable, "-c", STREAMED, str(tiny_run.path), str(tmp_path), str(count)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=580).stdout.split()
    at_half, at_end, done = map(int, printed)
    assert done == count
    assert at_end - at_half < 20 * 1024, (
        f"{at_half / 1024:.0f} MiB at half, {at_end / 1024:.0f} MiB at the end"
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize("to_a_file", [False, True], ids=["lines", "file"])
def test_a_terminal_sees_progress_only_where_lines_go_elsewhere(tiny_run, scenes, tmp_path, to_a_file):
    """Where stdout is a pipe and stderr a terminal, every line is in the pipe."""
    images = list(map(str, scenes))[:3]
    command = [*PROGRAM, "annotate", str(tiny_run.path), *images]
    command += ["--out", str(tmp_path / "labels.jsonl")] if to_a_file else []
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    shown = bytearray()
    with contextlib.suppress(OSError):  # how a terminal ends
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    stdout, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert [line.partition(": ")[0] for line in stdout.splitlines()] == ([] if to_a_file else images)
    assert ("annotating" in shown.decode()) == to_a_file


@pytest.mark.exhaustive
def test_after_a_sigkill_the_same_command_goes_on(tiny_run, scenes, tmp_path):
    """Killed while it writes; what comes of the second run is what one run gives."""
    folder = tmp_path / "many"
    for number in range(20):
        for scene in scenes:
            copy = folder / f"{number:02}" / scene.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(scene.read_bytes())
    out = tmp_path / "labels.jsonl"
    command = [*PROGRAM, "annotate", str(tiny_run.path), str(folder), "--batch-size", "4"]
    process = subprocess.Popen([*command, "--out", str(out)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not out.exists() or out.stat().st_size < 2000:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = out.read_bytes()
    assert 0 < before.count(b"\n") < 600
    out.write_bytes(before + b'{"image": "cut in the mid')
    second = subprocess.run(
        [*command, "--out", str(out)], check=True, capture_output=True, text=True, timeout=120
    )
    assert f"{before.count(bytes([10]))} were annotated already" in second.stderr
    assert out.read_bytes().startswith(before)
    images = [json.loads(line)["image"] for line in out.read_text().splitlines()]
    assert images == sorted(set(images))
    assert len(images) == 600
    with contextlib.suppress(ProcessLookupError):
        process.kill()
