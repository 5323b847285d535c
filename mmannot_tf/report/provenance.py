"""The origin of a run: data, hardware, weights and configuration. Names no path outside the configuration."""

from mmannot_tf.config.loading import flatten
from mmannot_tf.report.findings import Findings
from mmannot_tf.runs.plan import current_stages, stage_digest
from tfrecords_tools.reading.passed_over import in_words
from tfrecords_tools.shell.files import read_json


def provenance(findings: Findings) -> dict[str, dict[str, object]]:
    """Tables of names and values, by title."""
    run = findings.run
    facts = read_json(run.path / "dataset.json", "A run's dataset.json")
    dataset = run.dataset
    return {
        "Data": {
            "source": dataset.source,
            "digest of the records": dataset.digest,
            **{f"images, {split}": f"{count:,}" for split, count in dataset.splits.items()},
            "labels": len(dataset.labels),
            "tags of the vocabulary": len(dataset.tags),
            "passed over by the build": (
                "not known" if findings.passed_over is None else in_words(findings.passed_over)
            ),
        },
        "Made on": {
            "seed": facts.get("seed", "unknown"),
            **facts.get("hardware", {}),
            **facts.get("versions", {}),
        },
        "Weights and stages": {
            "initial weights": run.provenance.origin,
            "digest of the initial weights": run.provenance.digest or "none",
            **{f"stage {stage.name}": stage_digest(run, stage.name) for stage in current_stages(run)},
            "predictions": findings.predictions,
        },
        "Configuration": flatten(run.config.model_dump(mode="json")),
    }
