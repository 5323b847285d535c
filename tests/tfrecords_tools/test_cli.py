import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from tiers import exhaustive

from tfrecords_tools.cli.main import main
from tfrecords_tools.reading.records import Records

ENTRY = "import sys; from tfrecords_tools.cli.main import main; sys.exit(main())"


def call(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", ENTRY, *argv], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_questions_wrong_usage_and_opening_records_load_no_tensorflow(built: Records):
    answers = {("--version",): 0, ("build", "--help"): 0, ("build", "mscoco"): 2, ("inspect", "/nowhere"): 1}
    code = (
        "import sys; from pathlib import Path; from tfrecords_tools.cli.main import main; "
        "from tfrecords_tools.reading.records import open_records; "
        f"open_records(Path({str(built.path)!r})); "
        f"print([main(list(argv)) for argv in {list(answers)}], 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == f"{[*answers.values()]} False"


@pytest.mark.exhaustive
def test_a_build_keeps_stdout_and_stderr_clean(tmp_path: Path):
    options = ["--images", "8", "--test-images", "2", "--size", "32", "--validation-share", "0.25"]
    done = call("build", "synthetic", "--out", str(tmp_path), *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].startswith(f"{tmp_path}/synthetic/default/1.0.0: 14 labels, ")
    assert done.stdout.splitlines()[1].startswith("  train: 6 images of 6 (0 without label, ")


@pytest.mark.parametrize(
    "option", [("--images", "1"), ("--size", "8"), ("--validation-share", "1"), ("--seed", "-1")]
)
def test_impossible_settings_are_named(option, tmp_path, capsys):
    assert main(["build", "synthetic", "--out", str(tmp_path), *option]) == 1
    assert f"Received: {option[1]}" in capsys.readouterr().err


def test_inspect_prints_one_document_or_tables(built: Records, capsys):
    assert main(["inspect", str(built.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == built.digest
    assert main(["inspect", str(built.path)]) == 0
    assert "labels/image" in capsys.readouterr().out


def test_verify_is_0_on_whole_and_1_on_spoilt_records_with_a_line_a_problem(copied: Records, capsys):
    assert main(["verify", str(copied.path)]) == 0
    assert capsys.readouterr().out == f"whole: {copied.path} (52 images)\n"
    shard = next(copied.path.glob("*-test.tfrecord*"))
    shard.unlink()
    assert main(["verify", str(copied.path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"problem: {shard}: missing",
        f"problem: {copied.path / 'records.json'}: states 12 test images, 0 could be read",
    ]


def test_mscoco_builds_and_prints_the_papers_counts(coco_raw, tmp_path: Path, capsys):
    assert main(["build", "mscoco", "--out", str(tmp_path / "out"), "--raw", str(coco_raw())]) == 0
    output = capsys.readouterr().out
    assert "train: 20 ours, 56,414 in the paper" in output
    assert "test: 2 ours, 30,774 in the paper" in output


def test_a_folder_becomes_a_manifest_and_records_in_a_command_each(tmp_path: Path, capsys):
    for number in range(60):
        path = tmp_path / "my photos" / ("dog", "cat")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (4 * number, 9, 9)).save(path)
    raw, manifest = str(tmp_path / "my photos"), tmp_path / "own.csv"
    assert main(["list", raw, "--labels-from", "folders", "--out", str(manifest)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[1] == "2 labels: cat 30, dog 30"
    assert printed[-1].startswith(f"next: mmannot-records build manifest --raw '{raw}' --manifest ")
    assert main(["list", raw, "--labels-from", "folders", "--out", str(manifest)]) == 1
    assert "manifest must not exist yet" in capsys.readouterr().err
    assert main(["list", f"{raw}/none", "--labels-from", "folders", "--out", str(tmp_path / "no.csv")]) == 1
    assert "FOLDER must hold photographs" in capsys.readouterr().err
    other = tmp_path / "other.csv"
    build = ["build", "manifest", "--raw", raw, "--labels-from", "folders", "--manifest", str(other)]
    assert main([*build, "--out", str(tmp_path / "out"), "--dry-run"]) == 0
    assert other.read_bytes() == manifest.read_bytes()
    assert not (tmp_path / "out").exists()
    assert main([*build, "--out", str(tmp_path / "out")]) == 0
    assert f"note: {other} exists and is read as it is" in capsys.readouterr().err


@pytest.mark.exhaustive
@pytest.mark.skipif(sys.platform == "win32", reason="limits of file sizes are POSIX")
def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path):
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); {ENTRY}"
    argv = ["build", "synthetic", "--out", str(tmp_path), "--images", "60", "--test-images", "2"]
    done = subprocess.run([sys.executable, "-c", limited, *argv], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.exhaustive
@pytest.mark.parametrize("command", ["verify", *exhaustive(["inspect"])])
def test_reading_writes_nothing_to_stderr(tiny_records: Records, command: str):
    """Not even what TensorFlow says when it is imported."""
    argv = [sys.executable, "-c", ENTRY, command, str(tiny_records.path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout
    assert done.stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", *exhaustive(["2"])])
def test_an_interrupt_is_130_and_leaves_nothing(tmp_path: Path, workers: str):
    argv = ["build", "synthetic", "--out", str(tmp_path), "--images", "500000", "--workers", workers]
    with subprocess.Popen([sys.executable, "-c", ENTRY, *argv], stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.rglob("incomplete*")) and process.poll() is None:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stderr.startswith("interrupted")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
