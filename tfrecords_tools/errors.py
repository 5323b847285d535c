"""The one exception that means: the user can mend this; and TensorFlow's errors in plain words."""

import re


class UserError(Exception):
    """A failure with a name: what must hold, what came, what to do, in one line.

    The command lines print it as `error: …` and exit 1; no traceback is shown.
    """


def plain(error: Exception) -> str:
    """An error's message in one line, without the names of TensorFlow's own nodes."""
    text = getattr(error, "message", None) or str(error)
    return " ".join(re.sub(r"\[\[.*?\]\]|\{\{.*?\}\}|\[Op:\w+\].*", " ", text, flags=re.DOTALL).split())
