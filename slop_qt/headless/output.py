"""Standard output of a run without a window, whoever reads it or has stopped to."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from slop_qt.core.visible_text import make_visible
from slop_qt.headless.failures import complain

__all__ = ["Output", "make_writable"]


def make_writable() -> None:
    """Have both streams take every character: what their encoding does not have is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


class Output:
    """Lines to one stream, or to nobody where there is none (`>&-`). Lives on the loop.

    When nobody reads it any more, or its disk is full, `on_failure` is called once, and what follows goes nowhere.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self.on_failure: Callable[[OSError], None] = complain
        self._stream = stream
        self._failed = False

    def write(self, lines: Iterable[str]) -> None:
        """Write and flush them, each with its line end."""
        self._write(lambda stream: stream.writelines(f"{line}\n" for line in lines))

    def write_exactly(self, text: str) -> None:
        """Write text as it is, in UTF-8; on a terminal control characters are shown and not obeyed."""
        self._write(lambda stream: _write_exactly(stream, text))

    def _write(self, how: Callable[[TextIO], object]) -> None:
        if self._stream is None or self._failed:
            return
        try:
            how(self._stream)
            self._stream.flush()
        except OSError as error:
            self._failed = True
            _let_go(self._stream)
            self.on_failure(error)


def _write_exactly(stream: TextIO, text: str) -> None:
    if stream.isatty():
        stream.write(make_visible(text))
    else:
        stream.buffer.write(text.encode("utf-8", "surrogatepass"))


def _let_go(stream: TextIO) -> None:
    """What is still buffered would be tried again at the end of the process, and fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, stream.fileno())
    finally:
        os.close(nowhere)
