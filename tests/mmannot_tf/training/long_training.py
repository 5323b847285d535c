"""Records the memory of a stage of thousands of steps: a program that test_memory runs.

    python long_training.py DATA FOLDER STEPS

DATA has records, FOLDER is for the stage. Trains one linear layer on flipped images in pairs, fetched ahead
to a second device, in epochs of 44 steps with a validation and a checkpoint each. Prints, as JSON, step →
resident memory in MiB, every 1,000 steps.
"""

import dataclasses
import gc
import itertools
import json
import sys
from pathlib import Path

WATCHED = 1000


def resident():
    """The resident memory of this process in MiB, after garbage collection."""
    gc.collect()
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main(data, folder, steps):
    """Trains and prints."""
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    import_tensorflow()

    import keras
    import tensorflow as tf

    from mmannot_tf.config.settings import DataSettings, TrainingSettings
    from mmannot_tf.config.stage import StageSettings
    from mmannot_tf.data.image_batches import ImageBatches
    from mmannot_tf.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
    from mmannot_tf.training.distribution import open_distribution
    from mmannot_tf.training.inference.inference import Inference
    from mmannot_tf.training.loop.job import Job
    from mmannot_tf.training.loop.loop import Loop
    from mmannot_tf.training.loop.stage_log import SilentLog
    from mmannot_tf.training.network import Network
    from mmannot_tf.weights.provenance import CENTRED
    from tfrecords_tools.reading.records import open_records

    distribution = open_distribution("one", logical_devices=2)
    second = tf.config.list_logical_devices("CPU")[1].name
    distribution = dataclasses.replace(distribution, device=second)
    records = open_records(Path(data))
    images = ImageBatches(records, DataSettings(image_size=32, augmentation="flip"), CENTRED, batch_size=2)
    layers = [keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(len(records.labels))]
    model = keras.Sequential(layers, name="classifier")
    predicted = Inference(model, images.ordered_split("validation"), distribution)
    memory, taken = {}, itertools.count(1)

    def watch(_):
        step = next(taken)
        if step % WATCHED == 0:
            memory[step] = resident()

    job = Job(
        network=Network(model, {"classifier": model}),
        loss=SigmoidCrossEntropy("sum").call,
        batches=images,
        examples=records.splits["train"],
        settings=StageSettings(epochs=-(-int(steps) // 44), learning_rate=1e-4),
        section="stages",
        training=TrainingSettings(batch_size=2),
        validate=lambda: ({}, float(predicted().mean())),
        folder=Path(folder),
        log=SilentLog(),
        distribution=distribution,
        after_step=watch,
    )
    Loop(job).run()
    print(json.dumps(memory))


if __name__ == "__main__":
    main(*sys.argv[1:])
