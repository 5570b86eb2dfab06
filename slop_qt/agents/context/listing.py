"""Lists the files of a repository, or of a directory in it, so that a list of any length fits into a prompt."""

import posixpath
from collections.abc import Collection, Iterator, Sequence

from slop_qt.agents.sections import section
from slop_qt.core.prompt import PromptPart

__all__ = ["directory_part", "files_beneath", "listing", "plain_path", "repository_part"]

_LINES = 400


def plain_path(path: str) -> str:
    """The path as files are compared by: without `./`, `//` and a `/` at its end; `.` is the repository."""
    return posixpath.normpath(path)


def listing(paths: Sequence[str]) -> str:
    """One path a line, cut at 400 lines with a sentence that says so."""
    shown = list(paths[:_LINES])
    if len(paths) > len(shown):
        shown.append(f"… and {len(paths) - len(shown):,} more: list_directory shows them.")
    return "\n".join(shown) or "(no files)"


def files_beneath(directory: str, paths: Sequence[str], excluded: Collection[str]) -> list[str]:
    """Those of the paths that lie beneath the directory and are not excluded."""
    folder = plain_path(directory)
    inside = paths if folder == "." else _starting(f"{folder}/", paths)
    return [path for path in inside if path not in excluded]


def repository_part(paths: Sequence[str]) -> PromptPart:
    """The files of the repository, for who plans."""
    return section(
        "outline",
        "Files of the repository",
        f"Who plans needs to know what there is: {_counted(len(paths))}.",
        {"Files of the repository": listing(paths)},
        again="Read it again with list_directory.",
    )


def directory_part(directory: str, paths: Sequence[str]) -> PromptPart:
    """The files of a directory that the ticket declares."""
    cut = f", the first {_LINES} by name" if len(paths) > _LINES else ""
    return section(
        "outline",
        directory,
        f"The ticket declares it: {_counted(len(paths))}{cut}.",
        {f"Files in {directory}": listing(paths)},
        again=f"Read it again with list_directory {directory}.",
    )


def _starting(prefix: str, paths: Sequence[str]) -> Iterator[str]:
    return (path for path in paths if path.startswith(prefix))


def _counted(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"
