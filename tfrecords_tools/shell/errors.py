"""Errors and signals that end a command, and how an error is shown."""

import re
import textwrap


class UserError(Exception):
    """An error that the user can fix: one line with the rule, the value received, and what to do.

    The command lines print it as `error: …` and exit 1; no traceback is shown.
    """


class StoppedBySignal(BaseException):
    """A signal ended the command after everything was saved.

    Like KeyboardInterrupt it is no Exception, so that `except Exception` does not catch it. The command
    lines print it in one line and exit with `status`.
    """

    def __init__(self, text: str, *, signal_number: int):
        """`text` says what is saved and how to resume."""
        super().__init__(text)
        self.signal_number = signal_number

    @property
    def status(self) -> int:
        """The exit status by the convention of shells: 130 for SIGINT, 143 for SIGTERM."""
        return 128 + self.signal_number


def one_line(error: Exception) -> str:
    """An error's message in one line of at most 500 characters, without TensorFlow's node names."""
    text = getattr(error, "message", None) or str(error)
    text = re.sub(r"\[\[.*?\]\]|\{\{.*?\}\}|\[Op:[^\]]*\].*", " ", text, flags=re.DOTALL)
    return textwrap.shorten(text, 500, placeholder=" …") or type(error).__name__
