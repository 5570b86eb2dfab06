"""Whether commits that somebody wrote down are in a repository's history: rewritten history happens."""

from collections.abc import Collection
from pathlib import Path

from slop_qt.core.errors import WorkspaceError
from slop_qt.workspace.git import Git

__all__ = ["commits_not_in_history"]


def commits_not_in_history(folder: Path, commits: Collection[str]) -> frozenset[str]:
    """Those of the commits, whole or abbreviated ids, that no branch, tag or HEAD of the repository leads to.

    An abbreviation that more than one object has is given the benefit of the doubt. Blocking; three calls of git,
    however many commits, and no network.

    Raises:
        WorkspaceError: the folder is in no repository, the repository has only the newest part of its history, or git
            failed.
        ConfigurationError: git is not installed.
    """
    git = Git(folder)
    shallow = git.attempt("rev-parse", "--is-shallow-repository")
    if shallow.exit_code:
        if "not a git repository" in shallow.complaint:
            raise WorkspaceError(f"{folder} is in no git repository.", "Check it where its history is.")
        raise git.failure(("rev-parse",), shallow)
    if shallow.text.strip() == "true":
        raise WorkspaceError(
            f"The repository of {folder} has only the newest part of its history.",
            "Fetch the rest: git fetch --unshallow.",
        )
    asked = sorted(commits)
    if not asked:
        return frozenset()
    lines = "".join(f"{commit}^{{commit}}\n" for commit in asked)
    answers = git.run("cat-file", "--batch-check=%(objectname)", stdin=lines.encode()).splitlines()
    missing = {commit for commit, answer in zip(asked, answers, strict=True) if answer.endswith(" missing")}
    found = {commit: answer for commit, answer in zip(asked, answers, strict=True) if " " not in answer}
    # What these commits lead to and no reference does: it begins with those that are in no history.
    reachable = "".join(f"{commit}\n" for commit in found.values())
    lost = set(git.run("rev-list", "--stdin", "--not", "--all", stdin=reachable.encode()).split()) if found else set()
    return frozenset(missing | {commit for commit, full in found.items() if full in lost})
