"""Fixtures of the fault tests: a tiny run in separate processes, and each test's row of the table."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tfrecords_tools.shell.files import digest, sha256

VICTIM = Path(__file__).with_name("victim.py")
SECONDS = 300


@dataclass(frozen=True)
class Rig:
    """A run that a fault is injected into: CONFIG and RECORDS → FOLDER/run.

    Attributes:
        folder: of the run and the trace of its steps.
        config: the configuration's file.
        records: the records' folder.
    """

    folder: Path
    config: Path
    records: Path

    @property
    def run(self) -> Path:
        """The run's folder."""
        return self.folder / "run"

    def copied(self, folder: Path) -> "Rig":
        """A copy of the run in another folder."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Rig(folder, self.config, self.records)

    def start(self, *options: str, before=None, **plan) -> subprocess.Popen:
        """Starts the command with a planned fault (see victim.py)."""
        command = [sys.executable, str(VICTIM), json.dumps({"trace": str(self.folder / "trace"), **plan})]
        command += ["train", str(self.config), "--data", str(self.records), "--run", str(self.run)]
        return subprocess.Popen(
            [*command, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=before,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )

    def done(self, *options: str, before=None, **plan) -> tuple[int, list[str]]:
        """Runs the command; returns its exit status and the lines on stderr."""
        process = self.start(*options, before=before, **plan)
        told = process.communicate(timeout=SECONDS)[1]
        assert "Traceback" not in told, told[-3000:]
        return process.returncode, told.splitlines()

    def steps(self) -> list[str]:
        """All steps of all processes, "STAGE STEP" each."""
        trace = self.folder / "trace"
        return trace.read_text().splitlines() if trace.exists() else []

    def repeated(self) -> int:
        """The number of steps that were lost and repeated."""
        return len(self.steps()) - len(set(self.steps()))

    def checkpoint(self, stage: str) -> dict[str, str]:
        """The digest of each file of a stage's checkpoints."""
        files = sorted((self.run / "stages" / stage / "checkpoint").glob("ckpt-*"))
        return {file.name: sha256(file) for file in files if file.is_file()}

    def result(self, *stages: str) -> dict[str, str]:
        """Digests of the files of trained stages: weights, record, log (without its times)."""
        folders = [self.run / "stages" / name for name in stages] or sorted((self.run / "stages").iterdir())
        digests = {}
        for folder in folders:
            digests |= {str(file.relative_to(self.run)): sha256(file) for file in folder.glob("weights/*")}
            digests[f"{folder.name}/stage.json"] = sha256(folder / "stage.json")
            lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
            digests[f"{folder.name}/log"] = digest([{**line, "images_per_second": 0} for line in lines])
        if not stages:
            features = self.run.glob("features/*/*.npy")
            digests |= {str(file.relative_to(self.run)): sha256(file) for file in features}
        return digests


@pytest.fixture(scope="session")
def faults_config(tiny_config, tmp_path_factory):
    """The tiny configuration with a compared system; a checkpoint after each step."""
    from mmannot_tf.config.loading import dump, parse

    settings = tiny_config.model_dump(mode="json")
    settings["training"]["checkpoint_seconds"] = 0.0
    settings["methods"] = {"cnn_logistic": {"epochs": 2, "learning_rate": 0.005}}
    file = tmp_path_factory.mktemp("faults") / "config.toml"
    file.write_text(dump(parse(settings, "faults")), encoding="utf-8")
    return file


@pytest.fixture
def rig(faults_config, tiny_records, tmp_path):
    return Rig(tmp_path, faults_config, tiny_records.path)


@pytest.fixture(scope="session")
def untouched(faults_config, tiny_records, tmp_path_factory):
    """A run without faults, with every stage and a compared system."""
    rig = Rig(tmp_path_factory.mktemp("untouched"), faults_config, tiny_records.path)
    status, told = rig.done("--methods", "cnn_logistic")
    assert status == 0, told
    assert rig.repeated() == 0
    return rig


@pytest.fixture(scope="session")
def _begun(faults_config, tiny_records, tmp_path_factory):
    rig = Rig(tmp_path_factory.mktemp("begun"), faults_config, tiny_records.path)
    rig.done("--stages", "cnn", place=4, do="kill", slow=0.05)
    assert len(rig.checkpoint("cnn")) >= 6
    return rig


@pytest.fixture
def begun(_begun, tmp_path):
    """A run that was killed in its first epoch and has two checkpoints."""
    return _begun.copied(tmp_path)


@pytest.fixture
def row(record_property):
    """Adds a line to the fault table: benchmarks/faults.py reads it from pytest's report."""

    def add(fault: str, *, how: str, times: int, lost: str, recovered: str) -> None:
        line = {"fault": fault, "how": how, "times": times, "lost": lost, "recovered": recovered}
        record_property("fault", json.dumps(line))

    return add
