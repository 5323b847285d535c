"""Two float16 steps under one strategy: a program that test_precision runs in separate processes.

    python overflow_steps.py STRATEGY LOGICAL_DEVICES OUT

Four rows, split among the replicas. In the first batch the last row's gradient overflows float16, so on
one replica alone; the second batch is tame. OUT receives the kernel and the loss scale before and after each.
"""

import sys

import numpy as np


def main(strategy, logical, out):
    """Takes the two steps."""
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    import_tensorflow()

    from mmannot_tf.training.distribution import open_distribution

    distribution = open_distribution(strategy, logical_devices=int(logical) or None)

    import keras
    import tensorflow as tf

    from mmannot_tf.data.replicas import split_for_replicas
    from mmannot_tf.training.loop.step import Step
    from mmannot_tf.training.loop.weight_average import WeightAverage
    from mmannot_tf.training.loop.weight_decay import WeightDecay
    from mmannot_tf.training.precision import computing_in, loss_scaled

    inputs = np.ones((8, 3), np.float32)
    inputs[3] = 60_000  # finite in float16; times the scaled gradient, 2¹⁵ / 4, it is not

    def read(replicas):
        batches = tf.data.Dataset.from_tensor_slices((inputs, np.ones(8, np.float32)))
        if replicas is None:
            return batches.batch(4)
        held = (
            batches.enumerate().filter(lambda index, _: replicas.contains(index % 4)).map(lambda _, row: row)
        )
        return split_for_replicas(held.batch(replicas.count_in(4)), replicas)

    with distribution.scope(), computing_in("float16"):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        optimizer = loss_scaled(keras.optimizers.SGD(0.5), "float16")
        optimizer.build(model.trainable_variables)
    step = Step(
        distribution.strategy,
        model,
        loss=lambda targets, outputs: targets - outputs[:, 0],
        batch_size=4,
        optimizer=optimizer,
        decay=WeightDecay("none", model.trainable_variables, 0.0),
        average=WeightAverage(0.0, model.trainable_variables),
        factors=[1.0, 1.0],
    )
    batches = distribution.distribute(read, 2)
    step.prepare(batches.element_spec)
    kernel, scale = model.trainable_variables[0], optimizer.dynamic_scale
    kernels, scales = [kernel.numpy()], [scale.numpy()]
    for batch in batches:
        step(batch)
        kernels.append(kernel.numpy())
        scales.append(scale.numpy())
    if distribution.is_chief:
        np.savez(out, kernels=kernels, scales=scales)


if __name__ == "__main__":
    main(*sys.argv[1:])
