"""Running git so that nothing but git runs: whatever a repository configures is data."""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slop_qt.core.errors import ConfigurationError, WorkspaceError
from slop_qt.workspace.environment import git_environment

__all__ = ["Git", "GitResult", "configured_programs", "require_version"]

_MINIMUM = (2, 38)  # merge-tree --write-tree
_TIMEOUT_S = 300.0
_SETTINGS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "merge.verifySignatures=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "safe.bareRepository=explicit",
    "core.quotePath=false",
    "advice.addEmbeddedRepo=false",
)
_HARDENED = ("--no-pager", *(word for setting in _SETTINGS for word in ("-c", setting)))
_PROGRAMS = re.compile(r"(filter\..+\.(?:clean|smudge|process)|merge\..+\.driver)")
# What `git lfs install --local` writes: the person's own program, by its name on the PATH.
_LFS = re.compile(r"git-lfs (?:(?:clean|smudge)(?: --skip)? -- %f|filter-process(?: --skip)?)")
_HINTS = {
    "dubious ownership": "It belongs to another user; if you trust it: git config --global --add safe.directory PATH.",
    "index.lock": "Another git is at work here, or died; wait for it, or remove the lock file that is named.",
    "No space left": "Make room on the disk and try again.",
}


@dataclass(frozen=True, slots=True)
class GitResult:
    """How one call ended."""

    exit_code: int
    output: bytes
    complaint: str

    @property
    def text(self) -> str:
        """The output; what is not UTF-8 is replaced."""
        return self.output.decode("utf-8", "replace")

    @property
    def names(self) -> tuple[str, ...]:
        """The output of a `-z` option: its parts."""
        return tuple(self.text.split("\0")[:-1])


@dataclass(frozen=True)
class Git:
    """git in one folder. Blocking; for the helper pool.

    git_dir and index, where given, are used whatever `.git` in the folder says by now: an agent may have changed it.
    """

    folder: Path
    git_dir: Path | None = None
    index: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: git_environment(os.environ), repr=False)

    def run(self, *arguments: str, stdin: bytes | None = None) -> str:
        """The output of a call that succeeds.

        Raises:
            WorkspaceError: it failed; the message has git's own words.
            ConfigurationError: git is not installed.
        """
        result = self.attempt(*arguments, stdin=stdin)
        if result.exit_code:
            raise self.failure(arguments, result)
        return result.text

    def names(self, *arguments: str) -> tuple[str, ...]:
        """What a call with `-z` lists. Raises as `run`."""
        result = self.attempt(*arguments)
        if result.exit_code:
            raise self.failure(arguments, result)
        return result.names

    def attempt(self, *arguments: str, stdin: bytes | None = None) -> GitResult:
        """How a call ended, failed or not.

        Raises:
            WorkspaceError: the folder is not there, or git did not end in five minutes.
            ConfigurationError: git is not installed.
        """
        try:
            process = subprocess.Popen(
                ["git", *_HARDENED, *arguments],  # noqa: S607
                cwd=self.folder,
                env=self._complete_environment(),
                stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (FileNotFoundError, NotADirectoryError):
            if self.folder.is_dir():
                raise _missing() from None
            raise WorkspaceError(f"The folder {self.folder} does not exist.", "Was it moved or deleted?") from None
        with process:
            try:
                output, complaint = process.communicate(stdin, _TIMEOUT_S)
            except BaseException as error:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                if isinstance(error, subprocess.TimeoutExpired):
                    raise WorkspaceError(
                        f"git {arguments[0]} in {self.folder} did not end in {_TIMEOUT_S:g} s and was stopped.",
                        "Is the disk on a network that hangs?",
                    ) from None
                raise
        return GitResult(process.returncode, output, complaint.decode("utf-8", "replace").strip())

    def failure(self, arguments: Sequence[str], result: GitResult) -> WorkspaceError:
        """The error that says what a failed call was and what git said of it."""
        lines = [line for line in result.complaint.splitlines() if not line.startswith("hint:")]
        said = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "")
        words = said.removeprefix("fatal: ").removeprefix("error: ").rstrip(".") or f"exit code {result.exit_code}"
        hint = next((hint for mark, hint in _HINTS.items() if mark in result.complaint), "")
        return WorkspaceError(f"git {arguments[0]} failed in {self.folder}: {words}.", hint)

    def _complete_environment(self) -> dict[str, str]:
        added = {}
        if self.git_dir is not None:
            added = {"GIT_DIR": str(self.git_dir), "GIT_WORK_TREE": str(self.folder)}
        if self.index is not None:
            added["GIT_INDEX_FILE"] = str(self.index)
        return {**self.environment, **added}


def require_version(git: Git) -> None:
    """Raises ConfigurationError where git is missing or too old."""
    text = git.run("version")
    found = re.search(r"(\d+)\.(\d+)", text)
    if found is None or (int(found[1]), int(found[2])) < _MINIMUM:
        needed = ".".join(str(number) for number in _MINIMUM)
        raise ConfigurationError(
            f"{text.strip()} is too old: git {needed} or newer is needed.",
            "Install a newer one: https://git-scm.com/downloads, or your system's package manager.",
        )


def configured_programs(git: Git) -> tuple[tuple[str, ...], bool]:
    """Settings of the repository's own by which checkout, add or merge would start a program, and whether the
    repository's configuration includes other files.
    """
    listed = git.names("config", "--list", "--show-scope", "--includes", "-z")
    programs, includes = set(), False
    for scope, setting in zip(listed[::2], listed[1::2], strict=True):
        name, _, value = setting.partition("\n")
        if scope in {"local", "worktree"}:
            includes = includes or name.startswith(("include.", "includeif."))
            if value and _PROGRAMS.fullmatch(name) and not _LFS.fullmatch(value):
                programs.add(name)
    return tuple(sorted(programs)), includes


def _missing() -> ConfigurationError:
    return ConfigurationError(
        "The program git was not found.",
        "Install it: https://git-scm.com/downloads, or apt install git, brew install git.",
    )
