"""Real repositories of a person who has an identity and nothing else configured."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from slop_qt.workspace.repository import Repository
from slop_qt.workspace.worktrees import RunWorkspace

Run = Callable[..., str]


@pytest.fixture(autouse=True)
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of their own; what the machine's git environment holds does not count."""
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith(("GIT_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n"
    )
    return home


def run_git(folder: Path, *arguments: str, check: bool = True) -> str:
    result = subprocess.run(["git", *arguments], cwd=folder, check=check, capture_output=True, text=True)
    return result.stdout.strip()


@pytest.fixture
def git() -> Run:
    """git as a person at a terminal runs it: `git(folder, *arguments)`."""
    return run_git


@pytest.fixture
def project(tmp_path: Path, person: Path) -> Path:
    """A repository with one commit on main: a.py, b.py and .gitignore."""
    folder = tmp_path / "project"
    folder.mkdir()
    run_git(folder, "init", "-q")
    (folder / "a.py").write_text("a = 1\n")
    (folder / "b.py").write_text("b = 1\n")
    (folder / ".gitignore").write_text("ignored/\n*.log\n")
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "-m", "Start")
    return folder


@pytest.fixture
def repository(project: Path) -> Repository:
    return Repository(project)


@pytest.fixture
def worktrees(tmp_path: Path) -> Path:
    return tmp_path / "data" / "worktrees"


@pytest.fixture
def run(repository: Repository, worktrees: Path) -> RunWorkspace:
    """A prepared run."""
    workspace = RunWorkspace(repository, worktrees, "r1", repository.inspect().head)
    workspace.prepare()
    return workspace
