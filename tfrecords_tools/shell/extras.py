"""The packages of an optional extra, as a command that works from a clone and from a wheel."""

import re
from importlib.metadata import requires

DISTRIBUTION = "mmannot-tf"


def install_command(extra: str) -> str:
    """The command that installs an extra's packages: `pip install 'fastapi>=0.115' …`.

    It names the packages themselves, for mmannot-tf is on no package index.
    """
    lines = (re.fullmatch(rf'(\S+); extra == "{extra}"', line) for line in requires(DISTRIBUTION) or ())
    return "pip install " + " ".join(f"'{line[1]}'" for line in lines if line)
