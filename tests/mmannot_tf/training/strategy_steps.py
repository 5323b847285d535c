"""Five steps of several stages under one strategy: a program that test_strategies runs in separate processes.

    python strategy_steps.py STRATEGY LOGICAL_DEVICES RUN DATA OUT CASE…

RUN is a trained tiny run; each case trains one of its stages again, in a copy. OUT/CASE.npz receives the
result of five steps: every variable of the network (statistics and averages included) and of the optimizer.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np

FIVE = {"epochs": 1, "batch_size": 20}
"""88 images are four whole batches of 20 and one of 8: three replicas get 7, 7, 6 rows, then 3, 3, 2."""
CALM = {"stages": {"cnn": {"learning_rate": 0.002}}}
"""At ten times this rate the tiny network is chaotic: weight decay of 4e-5 alone moves its loss by 0.01."""
CASES = {
    "cnn": ("cnn", {**CALM, "training": {"reestimate_batches": 0}}),
    "cnn_ema": ("cnn", {**CALM, "training": {"weight_decay": "ema"}}),
    "cnn_knobs": (
        "cnn",
        {
            "stages": {"cnn": {**CALM["stages"]["cnn"], "schedule": "cosine", "warmup_epochs": 0.5}},
            "training": {"average_decay": 0.9, "l2_coefficient": 1e-3, "reestimate_batches": 0},
        },
    ),
    "ms_cnn": ("ms_cnn", {}),
    "quantity_clipped": (
        "quantity",
        {"model": {"dropout": 0.0}, "stages": {"quantity": {"clip_norm": 0.01}}},
    ),
    "quantity": ("quantity", {"model": {"dropout": 0.0}}),
    "quantity_dropout": ("quantity", {}),
    "sinn": ("sinn", {"methods": {"sinn": {"learning_rate": 0.005, "optimizer": "adam"}}}),
    "per_replica_jit": (
        "cnn",
        {
            **CALM,
            "training": {"batch_norm": "per-replica", "reestimate_batches": 0, "jit_compile": True},
        },
    ),
    "cnn_jit": ("cnn", {**CALM, "training": {"reestimate_batches": 0, "jit_compile": True}}),
    "per_replica": ("cnn", {**CALM, "training": {"batch_norm": "per-replica", "reestimate_batches": 0}}),
}
"""Case → the stage, and what it changes in the run's settings."""


def merged(settings, changes):
    """Nested settings with nested changes."""
    for key, value in changes.items():
        settings[key] = merged(settings.get(key) or {}, value) if isinstance(value, dict) else value
    return settings


def noting(state):
    """A hook after each step that stores in `state` all variables after the last step."""

    def after_step(loop):
        model = [variable.value for variable in loop.job.network.model.variables]
        optimizer = [variable.value for variable in loop.optimizer.variables]
        for kind, variables in (
            ("model", model),
            ("optimizer", optimizer),
            ("average", loop.average.variables),
        ):
            state.update({f"{kind} {n}": variable.numpy() for n, variable in enumerate(variables)})

    return after_step


def main(strategy, logical, run, data, out, *cases):
    """Runs the named cases."""
    from tfrecords_tools.shell.tensorflow_logging import import_tensorflow

    import_tensorflow()

    from mmannot_tf.training.distribution import open_distribution

    distribution = open_distribution(strategy, logical_devices=int(logical) or None)

    from mmannot_tf.config.loading import parse
    from mmannot_tf.runs.run import open_run
    from mmannot_tf.training.train import train

    out = Path(out)
    for case in cases:
        stage, changes = CASES[case]
        section = "methods" if stage == "sinn" else "stages"
        settings = open_run(Path(run)).config.model_dump(mode="json")
        config = parse(merged(merged(settings, {section: {stage: FIVE}}), changes), case)
        state = {}
        copy = out / f"{case}_run"
        distribution.on_chief(lambda copy=copy: shutil.copytree(run, copy) and None)
        names = (
            {"stages": ["tag_encoder"], "methods": [stage]} if section == "methods" else {"stages": [stage]}
        )
        what = {"data": Path(data), "run": copy, "distribution": distribution, **names}
        train(config, **what, after_step=noting(state))
        if distribution.is_chief:
            np.savez(out / f"{case}.npz", **state)
            log = (copy / "stages" / stage / "log.jsonl").read_text(encoding="utf-8")
            (out / f"{case}.json").write_text(json.dumps(json.loads(log.splitlines()[-1])), encoding="utf-8")
    print("replicas", distribution.replicas)


if __name__ == "__main__":
    main(*sys.argv[1:])
