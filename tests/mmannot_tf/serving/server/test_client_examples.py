"""The clients that docs/serving.md shows get their answers."""

import json
import re
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[4] / "docs" / "serving.md"


@pytest.fixture
def example(running, photo, tmp_path, monkeypatch):
    """The example in a language, for the test's server; a white photograph is in the current folder."""
    (tmp_path / "photo.jpg").write_bytes(photo(form="JPEG"))
    monkeypatch.chdir(tmp_path)
    section = PAGE.read_text(encoding="utf-8").partition("### Clients\n")[2].partition("\n### ")[0]

    def of(language):
        (text,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
        root = str(running.client.base_url).rstrip("/")
        here = text.replace("http://localhost:8501", root).replace("/mmannot", "/photos")
        assert here.count(root) == text.count("localhost:8501") > 0
        return here

    return of


def test_python(example, capsys):
    exec(compile(example("python"), "docs/serving.md", "exec"), {})
    assert capsys.readouterr().out.splitlines() == [
        "[['sky', 'sea', '']]",
        "[['sky', 'sea', '']]",
        "[['sky', 'sea']]",
        "[['sky', 'sea', '']]",
        "[1]",
        "[[True, True, False]]",
    ]


@pytest.mark.slow
def test_curl(example):
    command = ["bash", "-euo", "pipefail", "-c", example("sh")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    rows, *columns, form = map(json.loads, done.stdout.splitlines())
    assert rows["predictions"][0]["annotations"] == ["sky", "sea", ""]
    given, top, decided, decoded = (answer["outputs"] for answer in columns)
    assert [each["annotations"] for each in (given, top, decided)] == [
        [["sky", "sea", ""]],
        [["sky", "sea"]],
        [["sky", "sea", ""]],
    ]
    assert decoded["predicted_quantity"] == [1.0]
    assert [label["label"] for label in form["results"][0]["annotations"]] == ["sky", "sea"]
