"""What ends a command on purpose: a failure the user can mend, or a signal."""

import re


class UserError(Exception):
    """A failure with a name: what must hold, what came, what to do, in one line.

    The command lines print it as `error: …` and exit 1; no traceback is shown.
    """


class Stopped(BaseException):
    """A signal asked for an end, and what was to be saved is saved.

    Like KeyboardInterrupt it is no Exception: nothing that mends failures may catch it. The command lines
    print it in one line and exit with `status`.
    """

    def __init__(self, text: str, *, signal_number: int):
        """`text` says what is saved and how to go on."""
        super().__init__(text)
        self.signal_number = signal_number

    @property
    def status(self) -> int:
        """What shells give a command that a signal ended: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + self.signal_number


def plain(error: Exception) -> str:
    """An error's message in one line, without the names of TensorFlow's own nodes."""
    text = getattr(error, "message", None) or str(error)
    return " ".join(re.sub(r"\[\[.*?\]\]|\{\{.*?\}\}|\[Op:\w+\].*", " ", text, flags=re.DOTALL).split())
