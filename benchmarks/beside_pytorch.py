"""The whole annotator by OpenVINO beside PyTorch's bare ResNet-101, in float32 and in bfloat16.

    python benchmarks/beside_pytorch.py [--smoke] [--json beside_pytorch.json]

PyTorch runs torchvision's network without its classifier, channels last, in inference mode: less work than
the annotator's, which fuses five scales, reads tags, ranks labels and decides how many. Both have random
weights. Needs `make torch` and the extra `engines`. No file here may be called pytorch.py: what torchvision
imports tries to import a module of that name.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
import torchvision
import typer
from annotator import made_inputs
from fresh_run import random_run
from harness import Answer, JsonOption, SmokeOption, compare, report

from mmannot_tf.serving.engines.openvino import OpenVinoEngine
from mmannot_tf.serving.exporting.annotator_module import AnnotatorModule
from mmannot_tf.serving.formats import openvino
from mmannot_tf.serving.network import NetworkInputs
from tfrecords_tools.shell.threads import thread_count

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def main(smoke: SmokeOption = False, json_file: JsonOption = None) -> None:
    """Prints the ratios."""
    size, pairs, small = (32, 1, ["tiny", "data.image_size=32"]) if smoke else (224, 7, ["resnet101"])
    torch.set_num_threads(thread_count())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        openvino.write(AnnotatorModule(random_run(folder / "run", *small), folder), folder)
        inputs = made_inputs(size)
        report([_beside_pytorch(folder, inputs, precision, pairs) for precision in PRECISIONS], json_file)


def _beside_pytorch(folder: Path, inputs: NetworkInputs, precision: str, pairs: int) -> Answer:
    engine = OpenVinoEngine(folder, precision)
    return compare(
        f"annotator of {len(inputs)} images by OpenVINO beside PyTorch's bare ResNet-101, {precision}",
        ("annotator", lambda: engine(inputs)),
        ("PyTorch ResNet-101 forward", _forward(inputs, PRECISIONS[precision])),
        pairs=pairs,
        note=f"PyTorch {torch.__version__}, OpenVINO {engine.version}",
    )


def _forward(inputs: NetworkInputs, dtype: torch.dtype) -> Callable[[], object]:
    network = torchvision.models.resnet101(weights=None)
    network.fc = torch.nn.Identity()
    network = network.eval().to(dtype, memory_format=torch.channels_last)
    images = torch.from_numpy(inputs.image).permute(0, 3, 1, 2).to(dtype)

    def forward() -> object:
        with torch.inference_mode():
            return network(images)

    return forward


if __name__ == "__main__":
    typer.run(main)
