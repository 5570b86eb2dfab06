"""How long it takes from the process to a window that is shown and a socket that answers, against an empty window."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.sample_project import Folders, folders
from slop_qt.automation import Client

__all__ = ["start_pairs"]

_REPETITIONS = 9
_DEADLINE_S = 30.0
_LOOK_EVERY_S = 0.001


def start_pairs() -> list[tuple[float, float]]:
    """Seconds of ours and of the floor, in turn; a first pair warms the file cache and is not counted."""
    with folders() as where:
        return [(_ours(where), _floor(where)) for _ in range(_REPETITIONS + 1)][1:]


def _ours(where: Folders) -> float:
    path = where.project.parent / "socket"
    arguments = [str(where.project), f"--automation={path}", "--data-dir", str(where.data)]
    with _child(where, "app", *arguments) as (began, process):
        while not path.exists():
            assert process.poll() is None and time.monotonic() < began + _DEADLINE_S, "slop_qt did not start"
            time.sleep(_LOOK_EVERY_S)
        with Client(path, timeout_s=_DEADLINE_S) as client:  # which says hello
            answered = time.monotonic()
            shown = _line(process)
            client.call("app.quit")
    return max(answered, shown) - began


def _floor(where: Folders) -> float:
    with _child(where, "empty") as (began, process):
        return _line(process) - began


def _line(process: subprocess.Popen[str]) -> float:
    assert process.stdout is not None
    return float(process.stdout.readline())


@contextmanager
def _child(where: Folders, *arguments: str) -> Iterator[tuple[float, subprocess.Popen[str]]]:
    """The process, and when it was begun. Its settings are nobody's, and its bytecode is kept as an installer would."""
    environment = {**os.environ, "XDG_CONFIG_HOME": str(where.settings.parent)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.monotonic()
    command = [sys.executable, "-m", "benchmarks.start_child", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        yield began, process


if __name__ == "__main__":
    for pair in start_pairs():
        print(*pair)
