"""Writes THIRD_PARTY.md, the licences of what is installed with the package: `python docs/third_party.py`."""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

HEAD = """# Third-party licences

mmannot-tf is under Apache-2.0. `pip install .` installs these packages with it, each under its own licence;
the table is made by `make docs` from what their authors state. Weights and data have licences of their own:
see the model card of each export, and of the
[starter model](mmannot_tf/starter/1/README.md#licence-and-provenance).

| package | licence |
|---|---|
"""
PINS = Path(__file__).resolve().parents[1] / "requirements.txt"
CLASSIFIER = "License :: OSI Approved :: "
LONGEST = 60
"""Longer fields hold the text of a licence, and not its name."""


def main() -> None:
    """Prints the page."""
    sys.stdout.write(page())


def page() -> str:
    """The whole page, in Markdown."""
    names = [line.partition("==")[0] for line in PINS.read_text(encoding="utf-8").splitlines()]
    return HEAD + "".join(f"| {name} | {_licence(name)} |\n" for name in sorted(names))


def _licence(name: str) -> str:
    """What a package states: an SPDX expression, classifiers, or a short text."""
    try:
        stated: Distribution = distribution(name)
    except PackageNotFoundError:
        return "not installed here"
    metadata = stated.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = [line for line in metadata.get_all("Classifier") or () if line.startswith(CLASSIFIER)]
    if classifiers:
        return ", ".join(line.removeprefix(CLASSIFIER) for line in classifiers)
    text = re.sub(r"\s+", " ", metadata["License"] or "").strip()
    return text if 0 < len(text) <= LONGEST else "see the package"


if __name__ == "__main__":
    main()
