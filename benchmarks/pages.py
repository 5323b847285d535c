"""Functions for tables in the pages of docs/: the hardware, and writing between marks."""

import platform
import re
from importlib.metadata import version
from pathlib import Path

from tfrecords_tools.shell.threads import usable_cores

BEGIN, END = "<!-- made by a command: begin -->", "<!-- made by a command: end -->"


def hardware() -> str:
    """The processor, the number of its cores that this process may use, and versions."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text(encoding="utf-8") if cpuinfo.is_file() else ""
    name = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return f"{usable_cores()} cores ({name[1] if name else platform.processor()}, no GPU); {versions()}"


def versions() -> str:
    """The versions of TensorFlow and Keras."""
    return f"TensorFlow {version('tensorflow')}, Keras {version('keras')}"


def write_into(page: Path, text: str) -> None:
    """Writes `text` between the two marks of a page; exits with a message if the page has none."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"The page must hold the marks {BEGIN} and {END} in this order. Received: {page}.")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
