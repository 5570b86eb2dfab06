"""A run's worktrees, commits and merges, on real repositories."""

import shutil

import pytest

from slop_qt.core.errors import NotPossibleError, WorkspaceError
from slop_qt.workspace.merging import MergeOutcome
from slop_qt.workspace.worktrees import RunWorkspace, stale_worktrees


def ticket(run, ticket_id, files, attempt=1):
    """A ticket with one commit that writes these files."""
    path = run.add_ticket(ticket_id, attempt)
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return run.commit_ticket(ticket_id, f"Do {ticket_id}")


def snapshot(project, git):
    """All that is the person's: branch, commits, index and files."""
    files = {
        str(path.relative_to(project)): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(project).parts
    }
    refs = [line for line in git(project, "for-each-ref").splitlines() if "refs/heads/slop/" not in line]
    return files, refs, git(project, "symbolic-ref", "HEAD", check=False), git(project, "diff", "--cached", "--raw")


def test_a_run_begins_at_its_base_and_outside_the_project(run, project, git, worktrees):
    assert run.integration_path == worktrees / "r1" / "integration"
    assert (run.integration_path / "a.py").read_text() == "a = 1\n"
    assert run.integration_head() == git(project, "rev-parse", "main")
    assert git(run.integration_path, "branch", "--show-current") == "slop/r1/integration" == run.integration_branch
    assert run.run_diff() == ""


def test_a_ticket_becomes_one_commit_on_its_branch(run, project, git):
    path = run.add_ticket("T-1", 1)
    assert git(path, "branch", "--show-current") == "slop/r1/T-1"
    (path / "a.py").write_text("a = 2\n")
    (path / "b.py").unlink()
    (path / "sub").mkdir()
    (path / "sub" / "ü.py").write_text("new\n")
    (path / "ignored").mkdir()
    (path / "ignored" / "x").write_text("")
    commit = run.commit_ticket("T-1", "Do it\n\nWith a body")
    assert git(project, "rev-parse", "slop/r1/T-1") == commit
    assert git(project, "log", "-1", "--format=%an <%ae>|%s|%b|%P", commit) == (
        f"Ada <ada@example.org>|Do it|With a body|{run.integration_head()}"
    )
    shown = git(project, "-c", "core.quotePath=false", "diff", "--name-status", run.integration_head(), commit)
    assert shown.split("\n") == ["M\ta.py", "D\tb.py", "A\tsub/ü.py"]


def test_a_ticket_that_changed_nothing_has_no_commit(run):
    path = run.add_ticket("T-1", 1)
    (path / "ignored").mkdir()
    (path / "ignored" / "x").write_text("")
    (path / "a.py").touch()
    assert run.commit_ticket("T-1", "m") is None
    assert run.ticket_diff("T-1") == ""
    with pytest.raises(NotPossibleError, match="T-1 has no commit"):
        run.merge("T-1", "m")


def test_without_identity_commits_are_the_applications(repository, worktrees, person, project, git):
    (person / ".gitconfig").write_text("")
    run = RunWorkspace(repository, worktrees, "r1", repository.inspect().head)
    run.prepare()
    commit = ticket(run, "T-1", {"a.py": "a = 2\n"})
    assert git(project, "log", "-1", "--format=%an <%ae>", commit) == "slop_qt <slop_qt@localhost>"


def test_the_files_of_a_ticket_and_of_integration_are_named_by_git(run):
    before = run.files()
    run.add_ticket("T-1", 1)
    assert run.ticket_files("T-1") == (), "nothing is committed yet"
    ticket(run, "T-1", {"a.py": "changed\n", "new ä.py": "", "deep/b.py": ""}, attempt=2)
    assert set(run.ticket_files("T-1")) == {"a.py", "new ä.py", "deep/b.py"}
    run.merge("T-1", "Merge")
    assert set(run.files()) == {*before, "a.py", "new ä.py", "deep/b.py"}
    assert run.files("T-1") == before, "a fresh worktree had what was merged before"


def test_a_ticket_diff_shows_new_and_changed_files_before_and_after_the_commit(run):
    path = run.add_ticket("T-1", 1)
    (path / "a.py").write_text("a = 2\n")
    (path / "new.py").write_text("new\n")
    before = run.ticket_diff("T-1")
    assert "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a = 1\n+a = 2\n" in before
    assert "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+new\n" in before
    run.commit_ticket("T-1", "m")
    assert run.ticket_diff("T-1") == before
    run.drop_ticket("T-1")
    assert not path.exists()
    assert run.ticket_diff("T-1") == before


def test_the_persons_taste_in_diffs_changes_nothing(run, project, git):
    for name, value in {"diff.noprefix": "true", "color.ui": "always", "diff.mnemonicPrefix": "true"}.items():
        git(project, "config", name, value)
    ticket(run, "T-1", {"a.py": "a = 2\n"})
    assert run.ticket_diff("T-1").startswith("diff --git a/a.py b/a.py\n")


def test_what_an_agent_does_to_git_in_its_worktree_does_not_matter(run, project, git):
    path = run.add_ticket("T-1", 1)
    (path / "a.py").write_text("a = 2\n")
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "mine")
    git(path, "checkout", "-q", "-b", "wandering")
    (path / "b.py").write_text("b = 2\n")
    git(path, "update-index", "--assume-unchanged", "b.py")
    lock = project / ".git" / "worktrees" / "T-1-1" / "index.lock"
    lock.touch()
    commit = run.commit_ticket("T-1", "ours")
    assert git(project, "rev-parse", "slop/r1/T-1") == commit
    assert git(project, "log", "--format=%s", f"main..{commit}") == "ours"
    assert git(project, "show", f"{commit}:a.py") + git(project, "show", f"{commit}:b.py") == "a = 2b = 2"


def test_the_plan_is_not_an_agents_to_change(run, project, git):
    commit = ticket(run, "T-1", {"a.py": "a = 2\n", "conductor/tracks.md": "done!\n", "sub/conductor/x": "kept\n"})
    assert git(project, "diff", "--name-only", "main", commit).split() == ["a.py", "sub/conductor/x"]
    assert ticket(run, "T-2", {"conductor/tracks.md": "done!\n"}) is None


@pytest.mark.parametrize("with_commit", [True, False])
def test_a_repository_inside_a_worktree_is_refused_by_name_and_can_be_mended(run, project, git, with_commit):
    path = run.add_ticket("T-1", 1)
    inner = path / "vendor" / "lib"
    inner.mkdir(parents=True)
    git(inner, "init", "-q")
    (inner / "x.py").write_text("x\n")
    if with_commit:
        git(inner, "add", "-A")
        git(inner, "commit", "-q", "-m", "x")
    for act in (lambda: run.commit_ticket("T-1", "m"), lambda: run.ticket_diff("T-1")):
        with pytest.raises(WorkspaceError, match="vendor/lib"):
            act()
    shutil.rmtree(inner / ".git")
    commit = run.commit_ticket("T-1", "m")
    assert git(project, "show", f"{commit}:vendor/lib/x.py") == "x"


def test_a_submodule_of_the_persons_stays_as_it_is(repository, project, worktrees, tmp_path, git):
    git(tmp_path, "clone", "-q", str(project), "library")
    git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    git(project, "commit", "-q", "-m", "Library")
    run = RunWorkspace(repository, worktrees, "r1", repository.inspect().head)
    run.prepare()
    commit = ticket(run, "T-1", {"a.py": "a = 2\n"})
    assert git(project, "diff", "--name-only", "main", commit) == "a.py"
    assert run.merge("T-1", "m").commit
    run.close()


def test_a_new_attempt_starts_fresh_from_what_is_merged_by_then(run, project, git):
    first = run.add_ticket("T-1", 1)
    (first / "junk.py").write_text("junk\n")
    run.commit_ticket("T-1", "m")
    ticket(run, "T-2", {"b.py": "b = 2\n"})
    run.merge("T-2", "Merge T-2")
    second = run.add_ticket("T-1", 2)
    assert not first.exists()
    assert not (second / "junk.py").exists()
    assert (second / "b.py").read_text() == "b = 2\n"
    assert run.ticket_diff("T-1") == ""
    assert git(project, "rev-parse", "slop/r1/T-1") == run.integration_head()


def test_a_new_attempt_replaces_a_worktree_however_it_was_left(run, git):
    path = run.add_ticket("T-1", 1)
    (path / "locked").mkdir()
    (path / "locked" / "x").touch()
    (path / "locked").chmod(0o500)
    git(path, "worktree", "lock", str(path))
    assert (run.add_ticket("T-1", 1) / "a.py").exists()
    shutil.rmtree(path)
    assert (run.add_ticket("T-1", 1) / "a.py").exists()


def test_tickets_whose_ids_begin_alike_are_not_mixed_up(run):
    short, long = run.add_ticket("T", 1), run.add_ticket("T-1", 1)
    run.add_ticket("T", 2)
    assert not short.exists()
    assert long.exists()


def test_a_merge_makes_a_merge_commit_and_shows_in_the_worktree(run, project, git):
    base = run.integration_head()
    commit = ticket(run, "T-1", {"a.py": "a = 2\n"})
    outcome = run.merge("T-1", "Merge T-1")
    assert outcome == MergeOutcome(run.integration_head(), ())
    assert git(project, "log", "-1", "--format=%s|%P", run.integration_branch) == f"Merge T-1|{base} {commit}"
    assert (run.integration_path / "a.py").read_text() == "a = 2\n"
    assert git(run.integration_path, "status", "--porcelain") == ""
    assert "+a = 2" in run.run_diff()


def test_what_one_merge_brought_is_shown_without_the_others(run):
    ticket(run, "T-1", {"a.py": "a = 2\n"})
    ticket(run, "T-2", {"b.py": "b = 2\n"})
    first, second = run.merge("T-1", "m").commit, run.merge("T-2", "m").commit
    assert run.merge_diff(first) == run.ticket_diff("T-1")
    assert run.merge_diff(second) == run.ticket_diff("T-2")


def test_a_conflict_names_the_paths_and_changes_nothing(run, project, git):
    for ticket_id, value in (("T-1", 2), ("T-2", 3)):
        path = run.add_ticket(ticket_id, 1)
        (path / "a.py").write_text(f"a = {value}\n")
        (path / "ü b.py").write_text(f"{value}\n")
    run.commit_ticket("T-1", "m")
    run.commit_ticket("T-2", "m")
    run.merge("T-1", "m")
    head = run.integration_head()
    assert run.merge("T-2", "m") == MergeOutcome(None, ("a.py", "ü b.py"))
    assert run.integration_head() == head == git(project, "rev-parse", run.integration_branch)
    assert git(run.integration_path, "status", "--porcelain") == ""
    assert (run.integration_path / "a.py").read_text() == "a = 2\n"


def test_an_undone_merge_leaves_nothing(run, project, git):
    before = run.integration_head()
    ticket(run, "T-1", {"a.py": "a = 2\n", "new.py": "new\n"})
    run.merge("T-1", "m")
    run.undo_merge(before)
    assert run.integration_head() == before == git(project, "rev-parse", run.integration_branch)
    assert (run.integration_path / "a.py").read_text() == "a = 1\n"
    assert not (run.integration_path / "new.py").exists()
    assert run.run_diff() == ""


def test_integration_goes_back_only_to_where_it_was(run, project):
    stranger = ticket(run, "T-1", {"a.py": "a = 2\n"})
    with pytest.raises(WorkspaceError, match="never stood"):
        run.undo_merge(stranger)


def test_what_a_verification_left_in_integration_is_gone_after_the_next_merge(run, project, git):
    """It changed files, staged, left a lock, made a repository and checked out a branch of the person's."""
    git(project, "branch", "develop")
    ticket(run, "T-1", {"a.py": "a = 2\n"})
    ticket(run, "T-2", {"b.py": "b = 2\n"})
    run.merge("T-1", "m")
    where = run.integration_path
    git(where, "checkout", "-q", "develop")
    (where / "a.py").write_text("mess\n")
    (where / "b.py").write_text("mess\n")
    (where / "report.xml").write_text("")
    (where / "inner").mkdir()
    git(where / "inner", "init", "-q")
    git(where, "add", "a.py")
    (project / ".git" / "worktrees" / "integration" / "index.lock").touch()
    assert run.merge("T-2", "m").commit
    assert git(where, "branch", "--show-current") == run.integration_branch
    assert git(where, "status", "--porcelain", "--ignored") == ""
    assert (where / "a.py").read_text() + (where / "b.py").read_text() == "a = 2\nb = 2\n"
    assert git(project, "rev-parse", "develop") == git(project, "rev-parse", "main")


def test_nothing_of_the_persons_changes_before_apply(run, project, git):
    (project / "a.py").write_text("being edited\n")
    (project / "notes").write_text("mine\n")
    git(project, "add", "notes")
    before = snapshot(project, git)
    ticket(run, "T-1", {"a.py": "a = 2\n", "c.py": ""})
    run.merge("T-1", "m")
    run.close()
    assert snapshot(project, git) == before


def test_closing_removes_all_worktrees_and_keeps_branches_and_diffs(run, project, git, worktrees):
    ticket(run, "T-1", {"a.py": "a = 2\n"})
    run.merge("T-1", "m")
    run.add_ticket("T-2", 1)
    head = run.integration_head()
    run.close()
    run.close()
    assert not (worktrees / "r1").exists()
    assert len(git(project, "worktree", "list").splitlines()) == 1
    assert git(project, "branch", "--list", "slop/*", "--format=%(refname:short)").split() == [
        "slop/r1/T-1",
        "slop/r1/T-2",
        "slop/r1/integration",
    ]
    assert run.integration_head() == head
    assert "+a = 2" in run.run_diff()
    assert "+a = 2" in run.ticket_diff("T-1")
    with pytest.raises(NotPossibleError, match="Prepare"):
        run.merge("T-1", "m")


def test_what_a_crash_left_is_found_and_what_lives_is_not(run, repository, worktrees, project, git, tmp_path):
    git(project, "worktree", "add", "-q", "-b", "own", str(tmp_path / "own"))
    run.add_ticket("T-1", 1)
    assert stale_worktrees(repository, worktrees, {"r1"}) == ()
    assert set(stale_worktrees(repository, worktrees)) == {worktrees / "r1" / "integration", worktrees / "r1" / "T-1-1"}


def test_a_run_is_prepared_once_and_never_over_another(run, repository, worktrees):
    again = RunWorkspace(repository, worktrees, "r1", repository.inspect().head)
    with pytest.raises(WorkspaceError, match="slop/r1/integration"):
        again.prepare()


def test_a_later_run_reads_what_an_earlier_process_merged(run, repository, worktrees):
    ticket(run, "T-1", {"a.py": "a = 2\n"})
    run.merge("T-1", "m")
    again = RunWorkspace(repository, worktrees, "r1", repository.inspect().head)
    assert again.integration_head() == run.integration_head()
    assert again.run_diff() == run.run_diff()


@pytest.mark.parametrize("name", ["../x", "a/b", "", "-x", "a b", "integration"])
def test_names_that_are_no_names_are_refused(run, repository, worktrees, name):
    with pytest.raises(WorkspaceError):
        run.add_ticket(name, 1)
    if name != "integration":
        with pytest.raises(WorkspaceError):
            RunWorkspace(repository, worktrees, name, "0" * 40)


def test_worktrees_inside_the_project_are_refused(repository, project):
    run = RunWorkspace(repository, project / "data", "r1", repository.inspect().head)
    with pytest.raises(WorkspaceError, match="inside the project"):
        run.prepare()
    assert not (project / "data").exists()


def test_an_unknown_ticket_is_named_with_those_there_are(run):
    run.add_ticket("T-1", 1)
    with pytest.raises(NotPossibleError, match=r"T-9.*T-1"):
        run.commit_ticket("T-9", "m")


def test_a_detached_head_can_be_worked_from(repository, project, worktrees, git):
    git(project, "checkout", "-q", "--detach")
    run = RunWorkspace(repository, worktrees, "r1", repository.inspect().head)
    run.prepare()
    ticket(run, "T-1", {"a.py": "a = 2\n"})
    assert run.merge("T-1", "m").commit
