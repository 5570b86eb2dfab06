"""One attempt's worktree, and the commit that is made of it whatever was done to git in there meanwhile."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from slop_qt.core.errors import WorkspaceError
from slop_qt.workspace.git import Git
from slop_qt.workspace.repository import CONDUCTOR, named

__all__ = ["DIFF_OPTIONS", "TicketTree", "add_worktree", "remove_worktree"]

# One form of diff, whatever the person's configuration prefers, and no program of the repository's.
DIFF_OPTIONS = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--find-renames",
    "--unified=3",
    "--submodule=short",
    "--ignore-submodules=dirty",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
_GITLINK = "160000"


@dataclass(frozen=True, slots=True)
class TicketTree:
    """A worktree with git as it was when the worktree was made: its own git directory, and an index of ours.

    What an agent commits, stages, checks out or configures in there changes nothing of what is taken from it.
    """

    ticket_id: str
    path: Path
    branch: str
    base: str
    git: Git

    def stage(self) -> str | None:
        """The tree of all files that are not ignored, conductor/ as it was; None where it equals the base's.

        Raises:
            WorkspaceError: a repository inside it, by name: it would become a submodule; or git failed.
        """
        arguments = ("add", "--all", "--", ".", f":(top,exclude){CONDUCTOR}")
        added = self.git.attempt(*arguments)
        if added.exit_code:
            unborn = re.findall(r"'(.+?)/?' does not have a commit checked out", added.complaint)
            raise self._embedded(tuple(unborn)) if unborn else self.git.failure(arguments, added)
        listed = self.git.names("diff", "--cached", "--raw", "--no-renames", "-z", self.base, "--")
        if not listed:
            return None
        changes = zip(listed[::2], listed[1::2], strict=True)
        links = tuple(path for entry, path in changes if entry.split(" ")[1] == _GITLINK)
        if links:  # taken back, so that their files can be added once their .git is gone
            self.git.run("update-index", "--force-remove", "-z", "--stdin", stdin="\0".join(links).encode())
            raise self._embedded(links)
        return self.git.run("write-tree").strip()

    def diff(self) -> str:
        """What would be committed now, unified. Raises as `stage`."""
        if self.stage() is None:
            return ""
        return self.git.run("diff", "--cached", *DIFF_OPTIONS, self.base, "--")

    def _embedded(self, paths: tuple[str, ...]) -> WorkspaceError:
        return WorkspaceError(
            f"In ticket {self.ticket_id} there is a git repository inside the worktree: {named(paths)}.",
            "Remove its .git so that its files can be committed, or remove or ignore the folder.",
        )


def add_worktree(repository: Git, path: Path, branch: str, commit: str, *, anew: bool) -> Git:
    """A worktree on that branch, made at `commit`, or made to be there where `anew`. Returns the git to use in it.

    Raises:
        WorkspaceError: the branch exists and not `anew`, or git failed.
    """
    repository.run("worktree", "add", "--quiet", "--no-track", "-B" if anew else "-b", branch, str(path), commit)
    git_dir = Path((path / ".git").read_text().removeprefix("gitdir: ").rstrip("\n"))
    return Git(path, git_dir=git_dir, environment=repository.environment)


def remove_worktree(repository: Git, path: Path) -> None:
    """Remove a worktree with all that is in it, however it was left. Raises WorkspaceError."""
    arguments = ("worktree", "remove", "--force", "--force", str(path))
    if repository.attempt(*arguments).exit_code == 0:
        return
    _make_writable(path)
    shutil.rmtree(path, ignore_errors=True)
    again = repository.attempt(*arguments)
    if path.exists() or (again.exit_code and "is not a working tree" not in again.complaint):
        raise repository.failure(arguments, again)


def _make_writable(path: Path) -> None:
    """So that directories an agent has locked can be emptied."""
    if path.is_dir() and not path.is_symlink():
        path.chmod(0o700)
        for inner in path.iterdir():
            _make_writable(inner)
