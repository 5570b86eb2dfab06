"""Apply: the one moment in which the person's branch moves. All of it, or nothing."""

import pytest

from slop_qt.core.errors import NotPossibleError, WorkspaceError
from slop_qt.workspace.repository import Repository
from slop_qt.workspace.worktrees import RunWorkspace


@pytest.fixture
def merged(run):
    """A run that changed a.py and added new.py."""
    path = run.add_ticket("T-1", 1)
    (path / "a.py").write_text("a = 2\n")
    (path / "new.py").write_text("new\n")
    run.commit_ticket("T-1", "Do T-1")
    run.merge("T-1", "Merge T-1")
    return run


def plan(project, text="plan\n"):
    (project / "conductor").mkdir(exist_ok=True)
    (project / "conductor" / "tracks.md").write_text(text)


def state(project, git):
    """Everything of the person's, to the byte."""
    files = {
        str(path.relative_to(project)): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(project).parts
    }
    return (
        files,
        git(project, "rev-parse", "HEAD"),
        git(project, "branch", "--show-current"),
        git(project, "status", "-s"),
    )


def test_apply_merges_into_the_branch_and_the_tree(merged, project, git):
    head = git(project, "rev-parse", "HEAD")
    commit = merged.apply("main", "Apply run", "Plan")
    assert git(project, "rev-parse", "main") == commit
    assert git(project, "log", "-1", "--format=%s|%P") == f"Apply run|{head} {merged.integration_head()}"
    assert (project / "a.py").read_text() + (project / "new.py").read_text() == "a = 2\nnew\n"
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "branch", "--show-current") == "main"


def test_the_plan_is_committed_first_and_nothing_else_with_it(merged, project, git):
    plan(project)
    merged.apply("main", "Apply run", "Add track")
    assert git(project, "log", "--first-parent", "--format=%s").split("\n") == ["Apply run", "Add track", "Start"]
    assert git(project, "show", "--format=", "--name-only", "HEAD^") == "conductor/tracks.md"
    assert git(project, "status", "--porcelain") == ""


def test_a_staged_and_a_deleted_planning_file_are_committed_too(merged, project, git):
    plan(project)
    (project / "conductor" / "old.md").write_text("")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "Planning")
    (project / "conductor" / "old.md").unlink()
    plan(project, "staged\n")
    git(project, "add", "-A")
    plan(project, "later\n")
    merged.apply("main", "Apply run", "Replan")
    assert git(project, "show", "--format=", "--name-status", "HEAD^").split("\n") == [
        "D\tconductor/old.md",
        "M\tconductor/tracks.md",
    ]
    assert git(project, "show", "HEAD:conductor/tracks.md") == "later"
    assert git(project, "status", "--porcelain") == ""


def test_work_of_the_persons_since_is_merged_with(merged, project, git):
    (project / "b.py").write_text("b = 2\n")
    git(project, "commit", "-q", "-a", "-m", "Mine")
    merged.apply("main", "Apply run", "Plan")
    assert (project / "a.py").read_text() + (project / "b.py").read_text() == "a = 2\nb = 2\n"


@pytest.mark.parametrize("change", ["changed", "staged", "untracked", "deleted"])
def test_files_that_are_not_committed_are_refused_by_name(merged, project, git, change):
    plan(project)
    name = "my notes.txt" if change in {"untracked", "staged"} else "b.py"
    if change == "deleted":
        (project / name).unlink()
    else:
        (project / name).write_text("mine\n")
    if change == "staged":
        git(project, "add", name)
    before = state(project, git)
    with pytest.raises(NotPossibleError, match=name):
        merged.apply("main", "Apply run", "Plan")
    assert state(project, git) == before


def test_many_such_files_are_counted_and_not_all_named(merged, project):
    for number in range(30):
        (project / f"f{number:02}").touch()
    with pytest.raises(NotPossibleError, match="f09 and 20 more"):
        merged.apply("main", "Apply run", "Plan")


def test_another_branch_or_none_is_refused(merged, project, git):
    git(project, "checkout", "-q", "-b", "other")
    with pytest.raises(NotPossibleError, match=r"other is checked out.*main"):
        merged.apply("main", "Apply run", "Plan")
    git(project, "checkout", "-q", "--detach")
    with pytest.raises(NotPossibleError, match="No branch is checked out"):
        merged.apply("main", "Apply run", "Plan")
    with pytest.raises(NotPossibleError, match="detached"):
        merged.apply(None, "Apply run", "Plan")
    assert git(project, "rev-parse", "HEAD") == git(project, "rev-parse", "main")


def test_a_merge_in_progress_is_refused(merged, project, git):
    plan(project)
    git(project, "branch", "side")
    (project / "b.py").write_text("b = 2\n")
    git(project, "commit", "-q", "-a", "-m", "Mine")
    git(project, "checkout", "-q", "side")
    git(project, "merge", "-q", "--no-commit", "--no-ff", "main")
    with pytest.raises(NotPossibleError, match="merge is in progress"):
        merged.apply("side", "Apply run", "Plan")


def test_a_conflict_is_named_and_leaves_everything_as_it_was(merged, project, git):
    (project / "a.py").write_text("a = 3\n")
    git(project, "commit", "-q", "-a", "-m", "Mine")
    plan(project)
    before = state(project, git)
    with pytest.raises(WorkspaceError, match=r"conflicts .* a\.py"):
        merged.apply("main", "Apply run", "Plan")
    assert state(project, git) == before


def test_an_ignored_file_of_the_persons_is_not_overwritten(run, project, git):
    """The run took *.log out of .gitignore and committed one."""
    path = run.add_ticket("T-1", 1)
    (path / ".gitignore").write_text("")
    (path / "my.log").write_text("agent's\n")
    run.commit_ticket("T-1", "m")
    run.merge("T-1", "m")
    (project / "my.log").write_text("person's\n")
    plan(project)
    (project / "conductor" / "staged.md").write_text("")
    git(project, "add", "conductor/staged.md")
    before = state(project, git)
    with pytest.raises(WorkspaceError, match=r"Nothing was changed"):
        run.apply("main", "Apply run", "Plan")
    assert state(project, git) == before


def test_applying_again_changes_nothing(merged, project, git):
    commit = merged.apply("main", "Apply run", "Plan")
    assert merged.apply("main", "Apply run", "Plan") == commit == git(project, "rev-parse", "HEAD")


def test_a_run_that_merged_nothing_still_commits_the_plan(run, project, git):
    plan(project)
    commit = run.apply("main", "Apply run", "Add track")
    assert git(project, "log", "-1", "--format=%H %s") == f"{commit} Add track"


def test_apply_works_after_the_worktrees_are_gone(merged, project):
    merged.close()
    merged.apply("main", "Apply run", "Plan")
    assert (project / "a.py").read_text() == "a = 2\n"


def test_a_branch_called_like_an_option_is_applied_to(project, worktrees, git):
    name = "--upload-pack=x"
    git(project, "update-ref", f"refs/heads/{name}", "HEAD")
    git(project, "symbolic-ref", "HEAD", f"refs/heads/{name}")
    repository = Repository(project)
    run = RunWorkspace(repository, worktrees, "r1", repository.inspect().head)
    run.prepare()
    (run.add_ticket("T-1", 1) / "a.py").write_text("a = 2\n")
    run.commit_ticket("T-1", "m")
    run.merge("T-1", "m")
    commit = run.apply(name, "Apply", "Plan")
    assert git(project, "rev-parse", f"refs/heads/{name}") == commit


def test_planning_alone_is_committed_without_what_else_is_staged(run, project, git):
    (project / "b.py").write_text("staged\n")
    git(project, "add", "b.py")
    (project / "a.py").write_text("being edited\n")
    plan(project)
    commit = run.commit_planning("Mark plan")
    assert git(project, "rev-parse", "HEAD") == commit
    assert git(project, "show", "--format=%s", "--name-only", "HEAD").split() == ["Mark", "plan", "conductor/tracks.md"]
    assert git(project, "status", "--porcelain").split("\n") == ["M a.py", "M  b.py"]
    assert run.commit_planning("Again") is None


def test_an_ignored_plan_is_left_alone(run, project, git):
    (project / ".git" / "info" / "exclude").write_text("conductor/\n")
    plan(project)
    head = git(project, "rev-parse", "HEAD")
    assert run.commit_planning("Mark plan") is None
    assert git(project, "rev-parse", "HEAD") == head


def test_a_refused_index_lock_is_told_and_leaves_everything(merged, project, git):
    plan(project)
    (project / ".git" / "index.lock").touch()
    before = git(project, "rev-parse", "HEAD")
    with pytest.raises(WorkspaceError, match=r"index\.lock") as caught:
        merged.apply("main", "Apply run", "Plan")
    assert "Another git" in caught.value.hint
    assert git(project, "rev-parse", "HEAD") == before


def test_a_plan_that_was_removed_is_committed_as_removed(merged, project, git):
    plan(project)
    merged.commit_planning("Add")
    (project / "conductor" / "tracks.md").unlink()
    (project / "conductor").rmdir()
    merged.apply("main", "Apply run", "Remove")
    assert git(project, "show", "--format=", "--name-status", "HEAD^") == "D\tconductor/tracks.md"
    assert git(project, "status", "--porcelain") == ""
