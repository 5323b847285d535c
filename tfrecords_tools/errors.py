"""The one exception that means: the user can mend this."""


class UserError(Exception):
    """A failure with a name: what must hold, what came, what to do, in one line.

    The command lines print it as `error: …` and exit 1; no traceback is shown.
    """
