"""Merging, and bringing a run's work into the person's branch: worked out beside the tree first, then moved at once."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from slop_qt.core.errors import NotPossibleError, WorkspaceError
from slop_qt.workspace.git import Git
from slop_qt.workspace.repository import CONDUCTOR, Repository, named

__all__ = ["MergeOutcome", "apply_run", "commit_planning", "commit_tree", "is_ancestor", "merge_commits"]

_IN_PROGRESS = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
}
_UNTOUCHED = "Nothing was changed."


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What a merge came to: a merge commit, or the paths that conflict."""

    commit: str | None
    conflicts: tuple[str, ...] = ()


def commit_tree(git: Git, identity: tuple[str, ...], tree: str, parents: tuple[str, ...], message: str) -> str:
    """A commit that no branch has yet; identity is `Repository.identity`."""
    options = [word for parent in parents for word in ("-p", parent)]
    return git.run(*identity, "commit-tree", tree, *options, "-F", "-", stdin=message.encode()).strip()


def merge_commits(git: Git, identity: tuple[str, ...], ours: str, theirs: str, message: str) -> MergeOutcome:
    """A merge commit of both that no branch has yet. No branch, index or file changes, whatever it comes to.

    Raises:
        WorkspaceError: git failed; a conflict is an outcome and no error.
    """
    arguments = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs)
    result = git.attempt(*arguments)
    if result.exit_code == 1 and result.names:
        return MergeOutcome(None, result.names[1:])
    if result.exit_code:
        raise git.failure(arguments, result)
    return MergeOutcome(commit_tree(git, identity, result.names[0], (ours, theirs), message))


def is_ancestor(git: Git, older: str, newer: str) -> bool:
    """Whether `newer` has all of `older`."""
    return git.attempt("merge-base", "--is-ancestor", older, newer).exit_code == 0


def apply_run(
    repository: Repository, integration: str, branch: str | None, *, merge_message: str, planning_message: str
) -> str:
    """Commit conductor/ if it changed, and merge `integration` into the branch that is checked out, always `--no-ff`.

    Returns the merge commit; the head of the branch where it had all of `integration` already.

    Raises:
        NotPossibleError: a detached head, another branch than `branch`, a merge or rebase in progress, or changed or
            untracked files outside conductor/, by name.
        WorkspaceError: a conflict, by name, or git failed. In every case everything is as it was.
    """
    _require_ready(repository, branch)
    repository.require_harmless()
    git = repository.git
    head = git.run("rev-parse", "HEAD").strip()
    planned = _planning_commit(repository, head, planning_message) or head
    if is_ancestor(git, integration, planned):
        merged = planned
    else:
        outcome = merge_commits(git, repository.identity, planned, integration, merge_message)
        if outcome.commit is None:
            raise WorkspaceError(
                f"The run's work conflicts with what {branch} has by now, in {named(outcome.conflicts)}. {_UNTOUCHED}",
                "Start another run from the present state, or merge the integration branch by hand.",
            )
        merged = outcome.commit
    with _restored_on_failure(repository, head):
        if planned != head:
            _record_planning(git, planned, head)
        if merged != planned:
            # Only a fast-forward can be told to leave the person's ignored files alone.
            options = ("--ff-only", "--no-overwrite-ignore", "--no-autostash", "--no-stat", "--quiet")
            git.run("merge", *options, merged)
    return merged


def commit_planning(repository: Repository, message: str) -> str | None:
    """Commit what changed beneath conductor/ and nothing else, staged or not. None where nothing did.

    Raises:
        WorkspaceError: git failed; everything is as it was.
    """
    repository.require_harmless()
    head = repository.git.run("rev-parse", "HEAD").strip()
    commit = _planning_commit(repository, head, message)
    if commit is not None:
        with _restored_on_failure(repository, head):
            _record_planning(repository.git, commit, head)
    return commit


def _require_ready(repository: Repository, branch: str | None) -> None:
    present = repository.branch()
    if branch is None:
        raise NotPossibleError(
            "This run began on a detached head: there is no branch to apply it to.",
            "Merge its integration branch where you want it.",
        )
    if present != branch:
        where = "No branch is checked out" if present is None else f"The branch {present} is checked out"
        raise NotPossibleError(f"{where}, and this run began on {branch}.", "Check that branch out, then apply.")
    git_dir = repository.git_dir()
    for name, what in _IN_PROGRESS.items():
        if (git_dir / name).exists():
            raise NotPossibleError(f"A {what} is in progress in {repository.root}.", "Finish or abort it, then apply.")
    changed = repository.changed_files(but_conductor=True)
    if changed:
        raise NotPossibleError(
            f"There are files with changes that are not committed: {named(changed)}.",
            "Commit, stash or remove them, then apply.",
        )


def _planning_commit(repository: Repository, head: str, message: str) -> str | None:
    """A commit on `head` of what conductor/ holds now, that no branch has yet."""
    if not any(path.startswith(f"{CONDUCTOR}/") for path in repository.changed_files()):
        return None
    with tempfile.TemporaryDirectory(prefix="slop_qt-") as folder:
        git = replace(repository.git, index=Path(folder) / "index")
        git.run("read-tree", head)
        git.run("add", "--all", "--", CONDUCTOR)
        tree = git.run("write-tree").strip()
    if tree == repository.git.run("rev-parse", f"{head}^{{tree}}").strip():
        return None
    return commit_tree(repository.git, repository.identity, tree, (head,), message)


def _record_planning(git: Git, commit: str, head: str) -> None:
    git.run("add", "--all", "--", CONDUCTOR)
    git.run("update-ref", "-m", "slop_qt: commit conductor/", "HEAD", commit, head)


@contextlib.contextmanager
def _restored_on_failure(repository: Repository, head: str) -> Iterator[None]:
    index = repository.git_dir() / "index"
    before = index.read_bytes() if index.exists() else None
    try:
        yield
    except WorkspaceError as error:
        repository.git.run("update-ref", "-m", "slop_qt: take back", "HEAD", head)
        if before is not None:
            beside = index.with_name("index.slop")
            beside.write_bytes(before)
            beside.replace(index)
        raise WorkspaceError(f"{error.message} {_UNTOUCHED}", error.hint) from None
