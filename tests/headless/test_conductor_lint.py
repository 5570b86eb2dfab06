"""`slop-qt conductor check` from outside: exit codes, one finding a line, and a project that is left alone."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from simulation_support import Project

from slop_qt.core.tracks import TrackDraft
from slop_qt.store.conductor.folder import ConductorFolder

DRAFT = TrackDraft(
    title="Accounts", spec="# Spec\n", plan="## Phase 1: Do\n\n- [ ] Task: Store it\n- [ ] Task: Show it\n"
)


def check(*arguments: str, cwd: Path) -> tuple[int, list[str], str]:
    """Exit code, lines of standard output, standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "slop_qt", "conductor", "check", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def plan(project: Project) -> Path:
    """The plan of a track whose first task is done by a commit of the project."""
    folder = ConductorFolder(project.folder)
    track = folder.add_track(DRAFT, date(2026, 11, 22))
    folder.mark_tasks(track.id, {"Store it": git(project.folder, "rev-parse", "HEAD")})
    return project.folder / track.plan_path


def test_a_folder_in_order_exits_0_and_says_nothing_on_standard_output(project: Project, plan: Path) -> None:
    for arguments, cwd in (
        ((), project.folder),
        ((str(project.folder),), Path("/")),
        ((), project.folder / "conductor"),
    ):
        assert check(*arguments, cwd=cwd) == (0, [], "conductor/: 1 track, nothing to be mended.\n")


def test_each_finding_is_a_line_and_the_exit_code_1(project: Project, plan: Path) -> None:
    git(project.folder, "commit", "--quiet", "--allow-empty", "--message", "Rewritten")
    gone = git(project.folder, "rev-parse", "HEAD")
    git(project.folder, "reset", "--quiet", "--hard", "HEAD^")
    plan.write_text(plan.read_text() + f"- [x] Task: Close it {gone[:7]}\n- [\x1b] Task: Odd\n- Task: Unmarked")
    before = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    code, lines, said = check(str(project.folder / "conductor"), cwd=Path("/"))
    name = "conductor/tracks/accounts_20261122/plan.md"
    assert code == 1 and said == "conductor/: 1 track, 3 findings.\n"
    assert lines[0] == f"{name}:5: track accounts_20261122: {gone[:7]} is no commit of this history"
    assert lines[1].startswith(f"{name}:6: track accounts_20261122: the marker [") and "\x1b" not in lines[1]
    assert lines[3] == f"{name}:7: note: track accounts_20261122: there is no line end at the end of the file"
    assert lines[2] == f"{name}:7: track accounts_20261122: the task 'Unmarked' has no marker"
    assert {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()} == before


def test_a_folder_that_is_in_no_repository_is_checked_too(tmp_path: Path) -> None:
    folder = ConductorFolder(tmp_path)
    track = folder.add_track(DRAFT, date(2026, 11, 22))
    folder.mark_tasks(track.id, {"Store it": "1234567"})
    code, lines, said = check(cwd=tmp_path)
    assert (code, lines) == (0, [])
    assert "Commits were not looked for" in said and "in no git repository" in said


def test_no_folder_is_a_finding_and_no_project_is_wrong_usage(tmp_path: Path) -> None:
    code, lines, _ = check(cwd=tmp_path)
    assert (code, lines) == (1, ["conductor:1: it is not there: the project has no tracks yet"])
    (tmp_path / "conductor").mkdir()
    code, lines, _ = check("conductor", cwd=tmp_path)
    assert (code, lines) == (1, ["conductor/tracks.md:1: it is not there: the folder has no list of tracks"])
    (tmp_path / "file").touch()
    for path, what in (("none", "does not exist"), ("file", "is not a folder")):
        code, lines, said = check(path, cwd=tmp_path)
        assert (code, lines) == (2, [])
        assert what in said and "Name a project" in said


def test_a_folder_of_another_name_is_taken_by_its_registry(tmp_path: Path) -> None:
    ConductorFolder(tmp_path).add_track(DRAFT, date(2026, 11, 22))
    (tmp_path / "conductor").rename(tmp_path / "planning")
    assert check("planning", cwd=tmp_path)[:2] == (0, [])


def test_it_starts_no_program_of_the_repository_and_does_not_wait_for_pipes(project: Project, plan: Path) -> None:
    ran = project.folder.parent / "ran"
    hook = project.folder.parent / "hook"
    hook.write_text(f"#!/bin/sh\ntouch '{ran}'\n")
    hook.chmod(0o755)
    git(project.folder, "config", "core.fsmonitor", str(hook))
    git(project.folder, "config", "core.pager", str(hook))
    os.mkfifo(plan.with_name("tickets.json"))
    code, lines, _ = check(cwd=project.folder)
    assert code == 1 and len(lines) == 1 and "it is a pipe" in lines[0]
    assert not ran.exists()
