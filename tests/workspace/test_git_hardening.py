"""A repository's configuration is data: nothing that it names is ever started."""

import stat

import pytest

from slop_qt.core.errors import WorkspaceError
from slop_qt.workspace.repository import Repository
from slop_qt.workspace.worktrees import RunWorkspace


@pytest.fixture
def trap(tmp_path):
    """A program that leaves a trace when it runs, and passes its input on."""
    program = tmp_path / "trap"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> "{tmp_path}/ran"\ncat\n')
    program.chmod(0o755)
    return program


def whole_run(project, worktrees):
    """Everything that the application does with git, on files of every kind."""
    repository = Repository(project)
    facts = repository.inspect()
    run = RunWorkspace(repository, worktrees, "r1", facts.head)
    run.prepare()
    path = run.add_ticket("T-1", 1)
    (path / "a.py").write_text("a = 2\n")
    (path / "new.py").write_text("new\n")
    assert run.ticket_diff("T-1")
    assert run.commit_ticket("T-1", "Change")
    assert run.ticket_diff("T-1")
    before = run.integration_head()
    assert run.merge("T-1", "Merge").commit
    run.undo_merge(before)
    assert run.merge("T-1", "Merge").commit
    assert run.run_diff()
    (project / "conductor").mkdir()
    (project / "conductor" / "tracks.md").write_text("tracks\n")
    run.apply(facts.branch, "Apply", "Plan")
    (project / "conductor" / "tracks.md").write_text("done\n")
    run.commit_planning("Mark")
    run.close()


def test_hooks_fsmonitor_diff_programs_pager_editor_and_signing_are_not_started(
    project, worktrees, trap, git, tmp_path
):
    for hook in (
        "post-checkout", "pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "pre-merge-commit",
        "post-merge", "reference-transaction", "post-index-change", "fsmonitor-watchman", "pre-auto-gc", "post-rewrite",
    ):  # fmt: skip
        (project / ".git" / "hooks" / hook).write_text(trap.read_text())
        (project / ".git" / "hooks" / hook).chmod(0o755)
    for name, value in {
        "core.fsmonitor": trap,
        "core.hooksPath": project / ".git" / "hooks",
        "core.pager": trap,
        "core.editor": trap,
        "sequence.editor": trap,
        "pager.diff": "true",
        "diff.external": trap,
        "diff.evil.command": trap,
        "diff.evil.textconv": trap,
        "gpg.program": trap,
        "commit.gpgSign": "true",
        "log.showSignature": "true",
        "merge.verifySignatures": "false",
        "user.signingKey": "x",
        "core.sshCommand": trap,
        "credential.helper": f"!{trap}",
        "core.askPass": trap,
        "alias.status": f"!{trap}",
        "gc.auto": "1",
    }.items():
        git(project, "config", name, str(value))
    (project / ".gitattributes").write_text("*.py diff=evil\n")
    git(
        project,
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "commit.gpgSign=false",
        "-c",
        "core.fsmonitor=false",
        "add",
        "-A",
    )
    git(
        project, "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "-c", "core.fsmonitor=false",
        "commit", "-q", "-m", "Attributes",
    )  # fmt: skip
    (tmp_path / "ran").unlink(missing_ok=True)
    whole_run(project, worktrees)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "setting", ["filter.evil.clean", "filter.evil.smudge", "filter.Evil.X.process", "merge.evil.driver"]
)
@pytest.mark.parametrize("place", ["local", "included", "worktree"])
def test_programs_that_git_would_start_are_refused_by_name(project, worktrees, trap, git, tmp_path, setting, place):
    (project / ".gitattributes").write_text("* filter=evil merge=evil\n")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "Attributes")
    if place == "included":
        git(project, "config", "--file", str(tmp_path / "more"), setting, str(trap))
        git(project, "config", "include.path", str(tmp_path / "more"))
    elif place == "worktree":
        git(project, "config", "extensions.worktreeConfig", "true")
        git(project, "config", "--worktree", setting, str(trap))
    else:
        git(project, "config", setting, str(trap))
    with pytest.raises(WorkspaceError, match="configures programs") as caught:
        whole_run(project, worktrees)
    assert setting.lower() in caught.value.message.lower()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("included", [False, True])
def test_a_program_configured_in_the_middle_of_a_run_is_refused(run, project, trap, git, tmp_path, included):
    """As an agent's command could do it."""
    more = tmp_path / "more"
    if included:
        more.touch()
        git(project, "config", "include.path", str(more))
    path = run.add_ticket("T-1", 1)
    (path / ".gitattributes").write_text("* filter=evil\n")
    (path / "a.py").write_text("changed\n")
    git(path, "config", *(["--file", str(more)] if included else []), "filter.evil.clean", str(trap))
    for act in (
        lambda: run.ticket_diff("T-1"),
        lambda: run.commit_ticket("T-1", "m"),
        lambda: run.add_ticket("T-2", 1),
        lambda: run.commit_planning("m"),
    ):
        with pytest.raises(WorkspaceError, match=r"filter\.evil\.clean"):
            act()
    assert not (tmp_path / "ran").exists()


def test_the_persons_own_filters_and_a_local_lfs_are_theirs(project, trap, git, person, tmp_path):
    git(project, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    git(project, "config", "filter.lfs.smudge", "git-lfs smudge -- %f")
    git(project, "config", "filter.lfs.process", "git-lfs filter-process")
    git(project, "config", "filter.lfs.required", "true")
    git(project, "config", "--global", "filter.own.clean", str(trap))
    Repository(project).inspect()
    git(project, "config", "filter.lfs.clean", f"{trap}; git-lfs clean -- %f")
    with pytest.raises(WorkspaceError, match=r"filter\.lfs\.clean"):
        Repository(project).inspect()


def test_a_bare_repository_inside_the_project_is_not_entered(project, git, trap, tmp_path, worktrees):
    inner = project / "inner"
    git(tmp_path, "init", "-q", "--bare", str(inner))
    git(inner, "config", "core.fsmonitor", str(trap))
    git(inner, "config", "core.worktree", str(project))
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "Inner")
    with pytest.raises(WorkspaceError):
        Repository(inner).inspect()
    whole_run(project, worktrees)
    assert not (tmp_path / "ran").exists()


def test_a_worktree_that_points_git_elsewhere_is_read_by_our_own_git(run, project, git, trap, tmp_path):
    """An agent replaces `.git` of its worktree by a repository with programs of its own."""
    path = run.add_ticket("T-1", 1)
    (path / ".git").unlink()
    git(path, "init", "-q")
    git(path, "config", "filter.evil.clean", str(trap))
    git(path, "config", "core.fsmonitor", str(trap))
    (path / ".gitattributes").write_text("* filter=evil\n")
    (path / "a.py").write_text("a = 2\n")
    assert "+a = 2" in run.ticket_diff("T-1")
    commit = run.commit_ticket("T-1", "m")
    assert git(project, "show", f"{commit}:a.py") == "a = 2"
    run.close()
    assert not (tmp_path / "ran").exists()


def test_a_symbolic_link_to_a_file_at_home_is_committed_as_a_link(run, person, project, git):
    (person / "secret").write_text("secret")
    path = run.add_ticket("T-1", 1)
    (path / "link").symlink_to(person / "secret")
    commit = run.commit_ticket("T-1", "m")
    assert git(project, "ls-tree", commit, "link").startswith("120000")
    assert "secret\n" not in run.ticket_diff("T-1").replace(str(person / "secret"), "")


def test_a_missing_execute_bit_is_kept(run, project, git):
    path = run.add_ticket("T-1", 1)
    (path / "run.sh").write_text("#!/bin/sh\n")
    (path / "run.sh").chmod((path / "run.sh").stat().st_mode | stat.S_IXUSR)
    commit = run.commit_ticket("T-1", "m")
    assert git(project, "ls-tree", commit, "run.sh").startswith("100755")
