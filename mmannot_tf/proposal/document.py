"""Writes groups of settings as TOML, each key below its reason."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from mmannot_tf.proposal.setting import SettingGroup

WIDTH = 100
"""Of comments, in characters."""


def document(head: Sequence[str], groups: Iterable[SettingGroup]) -> str:
    """The text of a configuration.

    Args:
        head: the paragraphs of its first comment; one that starts with a blank is kept as it is.
        groups: its sections.
    """
    lines = [line for paragraph in head for line in _comment(paragraph)]
    for group in groups:
        lines += ["", *(_comment(group.why) if group.why else ()), f"[{group.name}]"]
        for setting in group.settings:
            lines += [*_comment(setting.why), f"{setting.key} = {json.dumps(setting.value)}"]
    return "\n".join([*lines, ""])


def _comment(text: str) -> Iterator[str]:
    wrapped = textwrap.wrap(text, WIDTH - 2) if text.strip() and not text.startswith(" ") else [text]
    return (f"# {line}".rstrip() for line in wrapped)
