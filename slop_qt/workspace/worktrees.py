"""A run's branches and worktrees: one for what is merged, one for each ticket that is being worked on."""

import re
import shutil
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from slop_qt.core.errors import NotPossibleError, WorkspaceError
from slop_qt.workspace.git import Git
from slop_qt.workspace.merging import (
    MergeOutcome,
    apply_run,
    commit_planning,
    commit_tree,
    is_ancestor,
    merge_commits,
)
from slop_qt.workspace.repository import Repository
from slop_qt.workspace.ticket_tree import DIFF_OPTIONS, TicketTree, add_worktree, remove_worktree

__all__ = ["RunWorkspace", "stale_worktrees"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_INTEGRATION = "integration"


class RunWorkspace:
    """Everything that a run does in git. Blocking; for the helper pool, one call at a time.

    Branches are `slop/<run>/integration` and `slop/<run>/<ticket>`; worktrees lie in `<worktrees_dir>/<run>/`, outside
    the project. The person's branch and tree are touched by `apply` and `commit_planning` and nothing else.
    """

    def __init__(self, repository: Repository, worktrees_dir: Path, run_id: str, base_commit: str) -> None:
        if not _NAME.fullmatch(run_id):
            raise WorkspaceError(f"The run id {run_id!r} cannot be part of a branch's name.")
        self._repository = repository
        self._folder = worktrees_dir.expanduser().resolve() / run_id
        self._prefix = f"slop/{run_id}"
        self._base = base_commit
        self._head: str | None = None
        self._integration: Git | None = None
        self._tickets: dict[str, TicketTree] = {}
        self._commits: dict[str, str] = {}

    @property
    def integration_branch(self) -> str:
        """`slop/<run>/integration`."""
        return f"{self._prefix}/{_INTEGRATION}"

    @property
    def integration_path(self) -> Path:
        """The worktree in which merged work is verified."""
        return self._folder / _INTEGRATION

    def prepare(self) -> None:
        """Make the integration branch and its worktree.

        Raises:
            WorkspaceError: the branch exists already, the project configures programs, or git failed.
        """
        if self._folder.is_relative_to(self._repository.root):
            raise WorkspaceError(f"Worktrees cannot lie inside the project: {self._folder}.", "Use another --data-dir.")
        self._repository.require_harmless()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._integration = add_worktree(
            self._repository.git, self.integration_path, self.integration_branch, self._base, anew=False
        )
        self._head = self._base

    def add_ticket(self, ticket_id: str, attempt: int) -> Path:
        """A fresh worktree at the head of integration; earlier attempts' are removed with all that is in them."""
        if not _NAME.fullmatch(ticket_id) or ticket_id == _INTEGRATION:
            raise WorkspaceError(f"The ticket id {ticket_id!r} cannot be part of a branch's name.")
        self.drop_ticket(ticket_id)
        self._repository.require_harmless()
        path, branch, base = self._folder / f"{ticket_id}-{attempt}", f"{self._prefix}/{ticket_id}", self._known_head()
        git = add_worktree(self._repository.git, path, branch, base, anew=True)
        assert git.git_dir is not None
        index = git.git_dir / "slop-index"
        shutil.copy2(git.git_dir / "index", index)
        self._tickets[ticket_id] = TicketTree(ticket_id, path, branch, base, replace(git, index=index))
        self._commits.pop(ticket_id, None)
        return path

    def commit_ticket(self, ticket_id: str, message: str) -> str | None:
        """One commit on the ticket's base of all its files that are not ignored; None where nothing changed.

        Changes beneath conductor/ are left out: they are not an agent's to make.

        Raises:
            WorkspaceError: a repository inside the worktree, by name, or git failed.
        """
        ticket = self._ticket(ticket_id)
        self._repository.require_harmless()
        tree = ticket.stage()
        if tree is None:
            return None
        commit = commit_tree(ticket.git, self._repository.identity, tree, (ticket.base,), message)
        ticket.git.run("update-ref", f"refs/heads/{ticket.branch}", commit)
        self._commits[ticket_id] = commit
        return commit

    def ticket_diff(self, ticket_id: str) -> str:
        """What the ticket's latest attempt changes against its base, unified; committed or not."""
        ticket = self._ticket(ticket_id)
        if ticket_id in self._commits:
            return self._diff(ticket.base, self._commits[ticket_id])
        self._repository.require_harmless()
        return ticket.diff()

    def merge_diff(self, commit: str) -> str:
        """What a merge commit of integration brought, unified."""
        return self._diff(f"{commit}^1", commit)

    def drop_ticket(self, ticket_id: str) -> None:
        """Remove the ticket's worktrees, of all attempts. Its branch stays, and so does the diff of its commit."""
        for path in self._worktrees():
            if path.name.rpartition("-")[0] == ticket_id:
                remove_worktree(self._repository.git, path)

    def merge(self, ticket_id: str, message: str) -> MergeOutcome:
        """Merge the ticket's commit into integration, `--no-ff`; a conflict leaves integration exactly as it was.

        Raises:
            NotPossibleError: the ticket has no commit.
            WorkspaceError: git failed.
        """
        commit = self._commits.get(ticket_id)
        if commit is None:
            raise NotPossibleError(f"Ticket {ticket_id} has no commit to merge.", "Commit it first.")
        self._repository.require_harmless()
        outcome = merge_commits(self._integration_git(), self._repository.identity, self._known_head(), commit, message)
        if outcome.commit is not None:
            self._move_integration(outcome.commit)
        return outcome

    def undo_merge(self, previous_head: str) -> None:
        """Put integration back to where it was before its latest merge.

        Raises:
            WorkspaceError: that is not a commit that integration has, or git failed.
        """
        if not is_ancestor(self._integration_git(), previous_head, self._known_head()):
            raise WorkspaceError(f"{self.integration_branch} never stood at {previous_head}.")
        self._move_integration(previous_head)

    def integration_head(self) -> str:
        """The commit that has all that is merged so far. Raises WorkspaceError where there is no such branch."""
        return self._known_head()

    def files(self, ticket_id: str | None = None) -> tuple[str, ...]:
        """Every file of the ticket's worktree when it was fresh, or of the head of integration, by name."""
        commit = self._known_head() if ticket_id is None else self._ticket(ticket_id).base
        return self._repository.git.names("ls-tree", "-r", "-z", "--name-only", commit)

    def ticket_files(self, ticket_id: str) -> tuple[str, ...]:
        """The files that the ticket's commit changes against its base, by name; none without a commit."""
        commit = self._commits.get(ticket_id)
        if commit is None:
            return ()
        options = ("--name-only", "-z", "--no-renames", "--ignore-submodules=dirty", "--no-ext-diff", "--no-relative")
        return self._repository.git.names("diff", *options, self._ticket(ticket_id).base, commit, "--")

    def run_diff(self) -> str:
        """What the run changes so far against its base, unified."""
        return self._diff(self._base, self._known_head())

    def apply(self, branch: str | None, commit_message: str, planning_message: str) -> str:
        """Bring the run's work into the person's branch; see `merging.apply_run`."""
        return apply_run(
            self._repository,
            self._known_head(),
            branch,
            merge_message=commit_message,
            planning_message=planning_message,
        )

    def commit_planning(self, message: str) -> str | None:
        """Commit what changed beneath conductor/ in the person's branch; None where nothing did."""
        return commit_planning(self._repository, message)

    def close(self) -> None:
        """Remove all of the run's worktrees; branches and diffs of commits stay. Safe to call twice."""
        for path in self._worktrees():
            remove_worktree(self._repository.git, path)
        if self._folder.is_dir():
            self._folder.rmdir()
        self._integration = None

    def _worktrees(self) -> list[Path]:
        """The run's folders, and those that git still knows while their folder was deleted."""
        found = set(self._folder.iterdir()) if self._folder.is_dir() else set()
        made = [(ticket.path, ticket.git) for ticket in self._tickets.values()]
        if self._integration is not None:
            made.append((self.integration_path, self._integration))
        known = {path for path, git in made if git.git_dir is not None and git.git_dir.exists()}
        return sorted(found | known)

    def _known_head(self) -> str:
        """Where we last put integration: what a command in its worktree did to the branch does not count."""
        if self._head is None:
            ref = f"refs/heads/{self.integration_branch}"
            self._head = self._repository.git.run("rev-parse", "--verify", f"{ref}^{{commit}}").strip()
        return self._head

    def _integration_git(self) -> Git:
        if self._integration is None:
            raise NotPossibleError(f"{self.integration_branch} has no worktree.", "Prepare the run first.")
        return self._integration

    def _move_integration(self, commit: str) -> None:
        """Make branch and worktree be that commit, without what a verification left there."""
        git = self._integration_git()
        assert git.git_dir is not None
        (git.git_dir / "index.lock").unlink(missing_ok=True)  # of a git that was killed with its verification
        git.run("checkout", "--quiet", "--force", "--no-track", "-B", self.integration_branch, commit)
        git.run("clean", "--quiet", "-d", "-f", "-f")
        self._head = commit

    def _ticket(self, ticket_id: str) -> TicketTree:
        if ticket_id not in self._tickets:
            known = ", ".join(sorted(self._tickets)) or "none"
            raise NotPossibleError(f"Ticket {ticket_id} has no worktree in this run.", f"Those with one: {known}.")
        return self._tickets[ticket_id]

    def _diff(self, old: str, new: str) -> str:
        return self._repository.git.run("diff", *DIFF_OPTIONS, old, new, "--")


def stale_worktrees(repository: Repository, worktrees_dir: Path, living: Collection[str] = ()) -> tuple[Path, ...]:
    """Worktrees beneath `worktrees_dir` of runs other than the living ones: what a crash left behind."""
    top = worktrees_dir.expanduser().resolve()
    listed = repository.git.names("worktree", "list", "--porcelain", "-z")
    paths = [Path(line.removeprefix("worktree ")) for line in listed if line.startswith("worktree ")]
    return tuple(path for path in paths if path.is_relative_to(top) and path.relative_to(top).parts[0] not in living)
