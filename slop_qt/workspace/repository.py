"""The person's repository: whether it can be worked on, and what in it is not committed."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from slop_qt.core.errors import WorkspaceError
from slop_qt.workspace.git import Git, GitResult, configured_programs, require_version

__all__ = ["CONDUCTOR", "Repository", "RepositoryFacts", "named"]

CONDUCTOR = "conductor"
_NAMED = 10
_FALLBACK_IDENTITY = ("-c", "user.name=slop_qt", "-c", "user.email=slop_qt@localhost")


@dataclass(frozen=True, slots=True)
class RepositoryFacts:
    """How a repository stands. head is a full commit id; branch is None where the head is detached."""

    root: Path
    head: str
    branch: str | None
    dirty: tuple[str, ...]


def named(paths: tuple[str, ...]) -> str:
    """Paths for a sentence, the first ten of them."""
    more = len(paths) - _NAMED
    return ", ".join(paths[:_NAMED]) + (f" and {more} more" if more > 0 else "")


class Repository:
    """A git repository with its working tree. Blocking; for the helper pool. It changes nothing."""

    def __init__(self, project: Path) -> None:
        self._project = project.expanduser().resolve()
        self.git = Git(self._project)
        self._harmless: list[object] | None = None

    @property
    def root(self) -> Path:
        """The top of the working tree."""
        return self._project

    def inspect(self) -> RepositoryFacts:
        """How it stands.

        Raises:
            WorkspaceError: no such folder, no repository, a bare one, a folder inside one, one without a commit, or
                one that configures programs of its own.
            ConfigurationError: git is missing or too old.
        """
        if not self._project.is_dir():
            what = "is not a folder" if self._project.exists() else "does not exist"
            raise WorkspaceError(f"{self._project} {what}.", "Name the folder of a git repository.")
        require_version(self.git)
        self._require_top()
        self.require_harmless()
        head = self.git.attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if head.exit_code:
            raise WorkspaceError(
                f"The repository {self._project} has no commit yet.",
                'Make one: git add -A && git commit -m "Start".',
            )
        return RepositoryFacts(self._project, head.text.strip(), self.branch(), self.changed_files())

    def branch(self) -> str | None:
        """The branch that is checked out, None where the head is detached."""
        found = self.git.attempt("symbolic-ref", "--quiet", "HEAD")
        return None if found.exit_code else found.text.strip().removeprefix("refs/heads/")

    def files(self) -> tuple[str, ...]:
        """Every file that is tracked, or untracked and not ignored, by name."""
        return tuple(sorted(self.git.names("ls-files", "-z", "--cached", "--others", "--exclude-standard")))

    def changed_files(self, *, but_conductor: bool = False) -> tuple[str, ...]:
        """Every file that is changed, staged, or untracked and not ignored, by name.

        but_conductor leaves out what lies beneath conductor/. What is changed inside a submodule is its own affair.
        """
        options = ("--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=dirty")
        paths = [line[3:] for line in self.git.names("status", *options)]
        return tuple(path for path in paths if not (but_conductor and path.startswith(f"{CONDUCTOR}/")))

    def git_dir(self) -> Path:
        """Where git keeps what belongs to this working tree: its index, MERGE_HEAD…"""
        return Path(self.git.run("rev-parse", "--absolute-git-dir").rstrip("\n"))

    def require_harmless(self) -> None:
        """Refuse programs that the repository itself configures and that checkout, add or merge would start.

        Asked for before each of these: an agent's command may have configured something. git is only run again where
        the configuration was written to since.

        Raises:
            WorkspaceError: with the names of the settings.
        """
        stamp = [_stamp(path) for path in self._configuration_files]
        if stamp == self._harmless:
            return
        programs, includes = configured_programs(self.git)
        if programs:
            raise WorkspaceError(
                f"{self._project} configures programs that git would start: {named(programs)}.",
                "If you trust them, move them to your own configuration (git config --global); else remove them.",
            )
        self._harmless = None if includes else stamp

    @functools.cached_property
    def identity(self) -> tuple[str, ...]:
        """Options for a call that commits: none where the person has a name and an address, else ours."""
        found = self.git.attempt("config", "--get-regexp", r"^user\.(name|email)$").text.lower()
        has_both = re.search(r"^user\.name .*\S", found, re.M) and re.search(r"^user\.email .*\S", found, re.M)
        return () if has_both else _FALLBACK_IDENTITY

    @functools.cached_property
    def _configuration_files(self) -> tuple[Path, ...]:
        common = self._project / self.git.run("rev-parse", "--git-common-dir").rstrip("\n")
        return common / "config", self.git_dir() / "config.worktree"

    def _require_top(self) -> None:
        found = self.git.attempt("rev-parse", "--show-toplevel")
        if found.exit_code:
            raise self._no_tree(found)
        top = Path(found.text.rstrip("\n"))
        if not top.exists() or not top.samefile(self._project):
            raise WorkspaceError(f"{self._project} lies inside the git repository {top}.", f"Open {top} instead.")

    def _no_tree(self, result: GitResult) -> WorkspaceError:
        if "bare repository" in result.complaint or "must be run in a work tree" in result.complaint:
            return WorkspaceError(
                f"{self._project} is a bare git repository: it has no files to work on.",
                "Clone it, and open the clone.",
            )
        if "not a git repository" in result.complaint:
            return WorkspaceError(
                f"{self._project} is not a git repository.",
                'Make it one: git init && git add -A && git commit -m "Start".',
            )
        return self.git.failure(("rev-parse",), result)


def _stamp(path: Path) -> object:
    try:
        info = path.stat()
    except FileNotFoundError:
        return None
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns
