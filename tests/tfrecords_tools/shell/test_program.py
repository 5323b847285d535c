import subprocess
import sys

import pytest

from tfrecords_tools.shell import program


@pytest.mark.parametrize("start", [program.mmannot, program.mmannot_records])
def test_an_interrupt_while_modules_are_imported_is_130_and_one_line(start, monkeypatch, capsys):
    def interrupted(module):
        raise KeyboardInterrupt

    monkeypatch.setattr("importlib.import_module", interrupted)
    assert start() == 130
    assert capsys.readouterr() == ("", "interrupted\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name"), [("mmannot_tf", "mmannot"), ("tfrecords_tools", "mmannot-records")]
)
def test_each_package_runs_as_its_program(module, name):
    command = [sys.executable, "-m", module, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{name} ")
