"""The time of `annotate` in this checkout, compared with another one, on the same export and photographs.

    python benchmarks/annotate_versions.py EXPORT PHOTOGRAPHS --other CHECKOUT [--pairs 15] [--json FILE]

Each checkout runs in a process of its own, with the model loaded. The two annotate all photographs in turn,
every second pair in reverse order, and the ratio is the median of the pairs'. The export must be one
that both can open, for example one that the other checkout wrote.
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from harness import JsonOption, compare, report

WORKER = """
import sys
from pathlib import Path
from mmannot_tf.serving.annotating.annotator import open_annotator
from mmannot_tf.serving.inputs.photographs import photographs
annotator, files = open_annotator(Path(sys.argv[1])), [Path(name) for name in sys.argv[2:]]
for line in sys.stdin:
    batches = annotator.annotate_files(photographs(files), tags="", batch_size=16)
    print(sum(len(batch) for batch in batches), flush=True)
"""


class Checkout:
    """A process that annotates on demand."""

    def __init__(self, code: Path, export: Path, folders: list[Path]):
        """`code` is the checkout's root."""
        command = [sys.executable, "-c", WORKER, str(export), *map(str, folders)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=code,
            env={**os.environ, "PYTHONPATH": str(code)},
        )

    def annotate(self) -> int:
        """Annotates all photographs; returns their number."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait()


def main(
    export: Annotated[Path, typer.Argument(help="A model that both checkouts open.")],
    folders: Annotated[list[Path], typer.Argument(metavar="PHOTOGRAPHS...", help="Files and folders.")],
    other: Annotated[Path, typer.Option(help="The root of the other checkout.")],
    pairs: Annotated[int, typer.Option(help="Times both are measured.")] = 15,
    json_file: JsonOption = None,
) -> None:
    """Prints the ratio of times, this checkout over the other."""
    model, files = export.resolve(), [folder.resolve() for folder in folders]
    with ExitStack() as stack:
        ours, reference = (
            Checkout(code, model, files) for code in (Path(__file__).resolve().parents[1], other.resolve())
        )
        for checkout in (ours, reference):
            stack.callback(checkout.close)
        answer = compare(
            "annotate, upright photographs",
            ("this checkout", ours.annotate),
            ("the other", reference.annotate),
            pairs=pairs,
            goal=("at most", 1.03),
        )
    report([answer], json_file)


if __name__ == "__main__":
    typer.run(main)
