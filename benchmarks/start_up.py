"""How long a command line takes until one photograph is annotated, and a server until it answers.

    python benchmarks/start_up.py [--smoke] [--json start_up.json]

The model has random weights, at the paper's sizes. Each command is a process of its own. The reference is the
same command on the same export without probe.npz, as earlier versions wrote it: there the engine is compared
with the SavedModel, which imports TensorFlow. Needs the extras `engines` and `serve`.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import typer
from fresh_run import random_run
from harness import Answer, Better, JsonOption, SmokeOption, compare, report, single
from photographs import photograph
from serve import server_address

from mmannot_tf.cli.launch import PROGRAM
from mmannot_tf.serving.engines.probe import RECORD_FILE
from mmannot_tf.serving.exporting.export import export

ENGINES = ("openvino", "onnx")
ONE_PHOTOGRAPH: tuple[Better, float] = ("at most", 3.0)
START: tuple[Better, float] = ("at most", 2.0)
"""Goals in seconds."""


def main(smoke: SmokeOption = False, json_file: JsonOption = None) -> None:
    """Prints the ratios, and the seconds beside their goals."""
    size, pairs = (["tiny", "data.image_size=32"], 1) if smoke else (["resnet101"], 3)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        image = folder / "photograph.jpg"
        image.write_bytes(photograph(0))
        now = export(random_run(folder / "run", *size), folder / "now", formats=["saved_model", *ENGINES])
        before = _of_an_earlier_version(now, folder / "before" / now.name)
        answers: list[Answer] = []
        for engine in ENGINES:
            for what, run, goal in (
                ("one photograph annotated", _annotation, ONE_PHOTOGRAPH),
                ("a server that answers", _server, START),
            ):
                answers += _answers(f"{what} by {engine}", run, engine, now, before, image, pairs, goal)
        report(answers, json_file)


def _of_an_earlier_version(export: Path, copy: Path) -> Path:
    """A copy of a version folder without what makes TensorFlow unnecessary."""
    shutil.copytree(export, copy)
    (copy / RECORD_FILE).unlink()
    return copy


def _answers(
    question: str,
    run: Callable[[Path, str, Path], None],
    engine: str,
    now: Path,
    before: Path,
    image: Path,
    pairs: int,
    goal: tuple[Better, float],
) -> list[Answer]:
    ratio = compare(
        question,
        ("now", lambda: run(now, engine, image)),
        ("compared by TensorFlow", lambda: run(before, engine, image)),
        pairs=pairs,
    )
    seconds = ratio.ours[1]
    limit = single(f"{question}, seconds", ("s", seconds), ("s", 1.0), goal=goal)
    return [ratio, limit]


def _annotation(export: Path, engine: str, image: Path) -> None:
    """Annotates one photograph by the command line."""
    command = [*PROGRAM, "annotate", str(export), str(image), "--engine", engine]
    subprocess.run(command, check=True, capture_output=True)


def _server(export: Path, engine: str, _: Path) -> None:
    """Starts a server, and ends it when it says where it listens."""
    command = [*PROGRAM, "serve", str(export), "--port", "0", "--engine", engine]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            server_address(server)
        finally:
            server.terminate()


if __name__ == "__main__":
    typer.run(main)
