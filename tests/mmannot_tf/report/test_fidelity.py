import subprocess
import sys
from pathlib import Path

import pytest

from mmannot_tf.paper.contradictions import CONTRADICTIONS
from mmannot_tf.paper.departures import DEPARTURES
from mmannot_tf.paper.readings import readings
from mmannot_tf.report.fidelity import document

FILE = Path(__file__).resolve().parents[3] / "docs" / "fidelity.md"


def test_the_file_is_current():
    assert FILE.read_text(encoding="utf-8") == document(), (
        "run: python -m mmannot_tf.report.fidelity > docs/fidelity.md"
    )


@pytest.mark.slow
def test_the_command_prints_the_document():
    command = [sys.executable, "-m", "mmannot_tf.report.fidelity"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout.decode() == document()


def test_every_reading_key_contradiction_and_departure_is_in_it():
    text = document()
    for reading in readings():
        assert f"### {reading.number}. {reading.title}\n" in text
        for key in reading.keys:
            assert f"| {reading.number} | `{key.name}` | " in text
    for listed in (*(c.text for c in CONTRADICTIONS), *(d.text for d in DEPARTURES)):
        assert listed in text
