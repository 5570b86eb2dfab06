"""`slop-qt conductor check`: what has been found in a conductor/ folder, one finding a line on standard output."""

import sys
from functools import partial
from pathlib import Path

from slop_qt.core.errors import UsageError
from slop_qt.headless.output import Output, make_writable
from slop_qt.headless.words import one_line
from slop_qt.store.conductor.check import ConductorReport, check_conductor
from slop_qt.store.conductor.findings import ConductorFinding
from slop_qt.store.conductor.lines import presentable
from slop_qt.workspace.history import commits_not_in_history

__all__ = ["run_conductor_check"]

_FOLDER = "conductor"


def run_conductor_check(path: Path) -> int:
    """Check a project or its conductor folder. Returns 0 where nothing has to be mended, else 1.

    Findings go to standard output; what is no finding, to standard error. Nothing is written to the project.

    Raises:
        UsageError: there is no such folder.
    """
    make_writable()
    project, folder = _project_of(path)
    report = check_conductor(project, folder, partial(commits_not_in_history, project))
    Output(sys.stdout).write(_line(finding) for finding in report.findings)
    Output(sys.stderr).write(one_line(sentence) for sentence in (*report.unchecked, _summary(folder, report)))
    return 0 if report.clean else 1


def _project_of(path: Path) -> tuple[Path, str]:
    """The project, and the name of its folder."""
    if not path.is_dir():
        what = "is not a folder" if path.exists() else "does not exist"
        raise UsageError(f"{path} {what}.", "Name a project, or its conductor folder.")
    whole = path.resolve()
    inner = whole / _FOLDER
    if not (inner.exists() or inner.is_symlink()) and (whole.name == _FOLDER or (whole / "tracks.md").is_file()):
        return whole.parent, whole.name
    return whole, _FOLDER


def _line(finding: ConductorFinding) -> str:
    kind = "note: " if finding.severity == "note" else ""
    track = f"track {finding.track_id}: " if finding.track_id else ""
    return one_line(presentable(f"{finding.path}:{finding.line}: {kind}{track}{finding.what}"))


def _summary(folder: str, report: ConductorReport) -> str:
    problems = sum(finding.severity == "problem" for finding in report.findings)
    tracks = "1 track" if report.tracks == 1 else f"{report.tracks} tracks"
    if not problems:
        return f"{folder}/: {tracks}, nothing to be mended."
    return f"{folder}/: {tracks}, {problems} {'finding' if problems == 1 else 'findings'}."
