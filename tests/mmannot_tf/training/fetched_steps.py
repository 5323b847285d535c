"""Batches fetched ahead to a second device: a program that test_fetching runs in a separate process.

    python fetched_steps.py DATA

DATA has records. Prints, as JSON, a comparison of batches that are fetched to a device and that are not.
"""

import dataclasses
import json
import sys
from pathlib import Path


def main(data):
    """Reads a training epoch and an ordered split, fetched and not."""
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    import_tensorflow()

    import tensorflow as tf

    from mmannot_tf.config.settings import DataSettings
    from mmannot_tf.data.image_batches import ImageBatches
    from mmannot_tf.training.distribution import open_distribution
    from mmannot_tf.weights.provenance import CENTRED
    from tfrecords_tools.reading.records import open_records

    plain = open_distribution("one", logical_devices=2)
    tf.config.experimental.enable_op_determinism()
    second = tf.config.list_logical_devices("CPU")[1].name
    fetching = dataclasses.replace(plain, device=second)
    images = ImageBatches(open_records(Path(data)), DataSettings(image_size=32), CENTRED, batch_size=16)
    images = images.with_tags(images.records.vocabulary[:10], max_tags=10)

    def epoch(replicas):
        return images.epoch(seed=1, epoch=0, replicas=replicas)

    passes = {
        name: (
            distribution.distribute(epoch, 4),
            distribution.distribute_ordered(images.ordered_split("validation")),
        )
        for name, distribution in (("plain", plain), ("fetching", fetching))
    }
    taken = {
        name: [tf.nest.flatten(batch) for batches in both for batch in batches]
        for name, both in passes.items()
    }
    pairs = list(zip(taken["plain"], taken["fetching"], strict=True))
    result = {
        "default": plain.device,
        "batches": len(pairs),
        "equal": all(
            bool(tf.reduce_all(a == b)) for first, second in pairs for a, b in zip(first, second, strict=True)
        ),
        "devices": sorted({tensor.device[-5:] for batch in taken["fetching"] for tensor in batch}),
        "specs": [a.element_spec == b.element_spec for a, b in zip(*passes.values(), strict=True)],
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
