"""What a run was made from and on, for its page: no path is among it but what the configuration names."""

from typing import Any

from mmannot_tf.config.loading import flatten
from mmannot_tf.report.findings import Findings
from mmannot_tf.runs.plan import finished_stages, stage_digest
from tfrecords_tools.shell.files import read_json


def provenance(found: Findings) -> dict[str, dict[str, Any]]:
    """Tables of names and values, by title."""
    run = found.run
    facts = read_json(run.path / "dataset.json", "A run's dataset.json")
    dataset = run.dataset
    return {
        "Data": {
            "source": dataset.source,
            "digest of the records": dataset.digest,
            **{f"images, {split}": f"{count:,}" for split, count in dataset.splits.items()},
            "labels": len(dataset.labels),
            "tags of the vocabulary": len(dataset.tags),
        },
        "Made on": {
            "seed": facts.get("seed", "unknown"),
            **facts.get("hardware", {}),
            **facts.get("versions", {}),
        },
        "Weights and stages": {
            "initial weights": run.provenance.origin,
            "digest of the initial weights": run.provenance.digest or "none",
            **{f"stage {stage.name}": stage_digest(run, stage.name) for stage in finished_stages(run)},
            "predictions": found.predictions,
        },
        "Configuration": flatten(run.config.model_dump(mode="json")),
    }
