"""What a simulation that failed leaves for who looks into it: a picture of the window, the journals, and the logs.

`pytest_runtest_makereport` is pytest's hook; the conftest of the simulations takes it over. What was kept, and where,
is a section of the failure's report.
"""

import contextlib
import json
import os
import select
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from simulation_support import Application, Project

from slop_qt.store.journal_schema import connect_reader

__all__ = ["collect", "dump_journal", "pytest_runtest_makereport"]

_SECTION = "what the simulation left"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """Collect it as soon as a simulation has failed, while fixtures still hold their applications."""
    report = yield
    if report.failed:
        for project in _projects(item):
            with contextlib.suppress(FileNotFoundError):  # it never got as far as having folders
                report.sections.append((_SECTION, collect(project)))
    return report


def collect(project: Project) -> str:
    """Gather everything in the project's folder `left`. Returns its path and what is in it, a line each."""
    left = project.left
    left.mkdir(exist_ok=True)
    for application in project.started:
        if application.process.poll() is None:
            application.keep_screen()
        for name, said in zip(("stdout", "stderr"), _said(application), strict=True):
            (left / f"{name}-{application.process.pid}.txt").write_bytes(said)
    found = {path.resolve() for folder in (project.home, project.data) for path in folder.rglob("journal.sqlite3")}
    for journal in sorted(found):
        if not journal.is_relative_to(left.resolve()):
            _keep(journal, left / journal.parent.name)
    files = sorted(path for path in left.rglob("*") if path.is_file())
    return "\n".join([str(left), *(f"  {path.relative_to(left)}  {path.stat().st_size:,} bytes" for path in files)])


def dump_journal(journal: Path) -> str:
    """Its events, one a line: number, time, kind, run, and the rest as JSON."""
    with closing(connect_reader(journal)) as connection:
        return "".join(map(_as_line, connection.execute("SELECT seq, body FROM events ORDER BY seq")))


def _as_line(row: tuple[int, str]) -> str:
    event = json.loads(row[1])
    head = [str(row[0]), *(str(event.pop(name, None) or "-") for name in ("time", "kind", "run_id"))]
    event.pop("seq", None)
    return f"{' '.join(head)} {json.dumps(event, ensure_ascii=False)}\n"


def _keep(journal: Path, folder: Path) -> None:
    """Copy a journal, which somebody may be writing to, and the logs beside it; dump it."""
    folder.mkdir(exist_ok=True)
    try:
        with closing(connect_reader(journal)) as source, closing(sqlite3.connect(folder / journal.name)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, that anybody can open
        (folder / "journal.txt").write_text(dump_journal(folder / journal.name))
    except sqlite3.Error as error:
        (folder / "journal.txt").write_text(f"The journal {journal} could not be read: {error}\n")
    if (journal.parent / "logs").is_dir():
        shutil.copytree(journal.parent / "logs", folder / "logs", dirs_exist_ok=True)


def _said(application: Application) -> tuple[bytes, bytes]:
    """What it has written so far."""
    out, err = application.said
    streams = (application.process.stdout, application.process.stderr)
    first, second = (_read_now(stream) for stream in streams)
    return (out or b"") + first, (err or b"") + second


def _read_now(stream: Any) -> bytes:
    """What a pipe has to give without waiting."""
    text = b""
    while stream is not None and not stream.closed and select.select([stream], [], [], 0)[0]:
        piece = os.read(stream.fileno(), 1 << 16)
        if not piece:
            break
        text += piece
    return text


def _projects(item: pytest.Item) -> list[Project]:
    """Those that the test was given, by themselves or in a list."""
    given = getattr(item, "funcargs", {}).values()
    several = [each for value in given if isinstance(value, list | tuple) for each in value]
    found = [value for value in (*given, *several) if isinstance(value, Project)]
    return list({project.home: project for project in found}.values())
