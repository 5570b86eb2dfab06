"""`python -m slop_qt` is `slop-qt`: the command line, and the end of the process after it."""

import atexit
import os
import sys
import threading

from slop_qt import cli

__all__ = ["main"]


def main() -> None:
    """Entry point of `slop-qt`; ends the process with the exit code of the command."""
    try:
        cli.main()
    except SystemExit as end:
        _leave(end.code)
        raise


def _leave(code: object) -> None:
    """Do what an interpreter does at its end, in its order, except take apart all modules and all that they hold.

    That changes nothing that anybody could see, and takes longer than a small command itself. Where something is left
    to say (a code that is a sentence, a standard output that takes nothing more) this returns, and the interpreter
    says it.
    """
    if not (code is None or isinstance(code, int)):
        return
    threading._shutdown()  # type: ignore[attr-defined]  # what multiprocessing ends its processes with, too
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit((code or 0) & 0xFF)


if __name__ == "__main__":
    main()
