import tomllib
from pathlib import Path

import pytest

from tfrecords_tools.shell.extras import install_command

EXTRAS = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"][
    "optional-dependencies"
]


@pytest.mark.parametrize("extra", [name for name in EXTRAS if name != "test"])
def test_the_command_names_the_packages_of_the_extra(extra):
    assert install_command(extra).split()[:2] == ["pip", "install"]
    assert sorted(install_command(extra).split()[2:]) == sorted(f"'{package}'" for package in EXTRAS[extra])
