"""How a failure is told on the command line: a sentence on standard error, and an exit code."""

import sys

from slop_qt.core.errors import ConfigurationError, NotFoundError, SlopError, UsageError
from slop_qt.headless.words import one_line

__all__ = ["CANNOT_START", "complain", "exit_code_for"]

CANNOT_START = 3


def complain(sentence: object) -> None:
    """Say what went wrong."""
    print(f"slop-qt: {one_line(str(sentence))}", file=sys.stderr, flush=True)  # noqa: T201  # this is where it is said


def exit_code_for(error: SlopError) -> int:
    """2 wrong usage, 3 configuration or key missing, else 1."""
    if isinstance(error, UsageError | NotFoundError):
        return 2
    return CANNOT_START if isinstance(error, ConfigurationError) else 1
