"""Whether commits are in a repository's history: of any branch or tag, by whole ids and by abbreviations."""

import os
import subprocess
from pathlib import Path

import pytest

from slop_qt.core.errors import WorkspaceError
from slop_qt.workspace.history import commits_not_in_history

NOWHERE = "0123456789abcdef0123456789abcdef01234567"


def git(project: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=project, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(project: Path, message: str) -> str:
    git(project, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(project, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "--quiet", "--initial-branch=main")
    return project


def test_what_no_reference_leads_to_is_not_in_history(project: Path) -> None:
    first = commit(project, "one")
    rewritten = commit(project, "two")
    git(project, "reset", "--quiet", "--hard", first)
    kept = commit(project, "two again")
    asked = {first, first[:7], kept[:10], rewritten, rewritten[:7], NOWHERE, NOWHERE[:7]}
    assert commits_not_in_history(project, asked) == {rewritten, rewritten[:7], NOWHERE, NOWHERE[:7]}


def test_other_branches_tags_and_a_detached_head_count(project: Path) -> None:
    first = commit(project, "one")
    git(project, "checkout", "--quiet", "-b", "other")
    other = commit(project, "on another branch")
    git(project, "checkout", "--quiet", "--detach", first)
    tagged = commit(project, "tagged")
    git(project, "tag", "-a", "v1", "-m", "One")
    git(project, "checkout", "--quiet", "--detach", first)
    detached = commit(project, "detached")
    assert commits_not_in_history(project, {other[:7], tagged, detached}) == frozenset()


def test_what_is_no_commit_is_not_in_history(project: Path) -> None:
    (project / "file").write_text("x\n")
    git(project, "add", "file")
    commit(project, "one")
    blob = git(project, "rev-parse", "HEAD:file")
    assert commits_not_in_history(project, {blob}) == {blob}


def test_a_repository_without_a_commit_has_none(project: Path) -> None:
    assert commits_not_in_history(project, {NOWHERE}) == {NOWHERE}
    assert commits_not_in_history(project, ()) == frozenset()


def test_many_are_asked_for_at_once(project: Path) -> None:
    first = commit(project, "one")
    many = {f"{number:040x}" for number in range(20_000)}
    assert commits_not_in_history(project, many | {first}) == many


def test_a_folder_within_a_repository_is_enough(project: Path) -> None:
    first = commit(project, "one")
    (project / "inner").mkdir()
    assert commits_not_in_history(project / "inner", {first}) == frozenset()


def test_where_there_is_no_repository_or_only_its_end_it_is_said(project: Path, tmp_path: Path) -> None:
    commit(project, "one")
    commit(project, "two")
    bare = tmp_path / "none"
    bare.mkdir()
    with pytest.raises(WorkspaceError, match="in no git repository"):
        commits_not_in_history(bare, {NOWHERE})
    git(tmp_path, "clone", "--quiet", "--depth=1", project.as_uri(), "shallow")
    with pytest.raises(WorkspaceError, match="only the newest part"):
        commits_not_in_history(tmp_path / "shallow", {NOWHERE})
