"""The example of docs/scale.md on a local cluster of Spark, where pyspark and Java are installed."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mmannot_tf

PAGE = Path(__file__).parent.parent / "docs" / "scale.md"


@pytest.mark.exhaustive
@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("pyspark", "pandas"))) or not shutil.which("java"),
    reason="needs pyspark, pandas and Java",
)
def test_the_example_gives_the_labels_of_the_model(exported, scenes, tmp_path):
    """Two workers in processes of their own; one photograph cannot be read."""
    photos, out, program = tmp_path / "photos", tmp_path / "labels", tmp_path / "job.py"
    photos.mkdir()
    for file in scenes:
        shutil.copy(file, photos)
    (photos / "broken.jpg").write_bytes(b"no photograph")
    section = PAGE.read_text().partition("## On Spark without Beam")[2]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    for name, path in (("EXPORT", exported), ("PHOTOS", photos), ("LABELS", out)):
        assert code.count(f'"{name}"') == 1
        code = code.replace(f'"{name}"', repr(str(path)))
    program.write_text(code)
    environment = {
        **os.environ,
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_SUBMIT_ARGS": "--master local-cluster[2,1,1024] --conf spark.ui.enabled=false pyspark-shell",
    }
    subprocess.run([sys.executable, program], env=environment, check=True, timeout=300)
    lines = [line for part in out.glob("part-*") for line in part.read_text().splitlines()]
    documents = {Path(document["image"]).name: document for document in map(json.loads, lines)}
    files = sorted(scenes)
    assert len(lines) == len(documents) == len(files) + 1
    assert "error" in documents.pop("broken.jpg")
    for annotation in mmannot_tf.load(exported).annotate(files):
        given = documents[Path(annotation.image).name]["annotations"]
        assert [label["label"] for label in given] == [label for label, _ in annotation.labels]
