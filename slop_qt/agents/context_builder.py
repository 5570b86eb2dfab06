"""Reads what goes into an agent's first message: the repository's outline, and a ticket's declared files."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from slop_qt.core.tickets import TicketSpec

__all__ = ["declared_files", "outline"]

_FILE_LIMIT = 32_000
_MOST_BYTES = 4 * _FILE_LIMIT  # of that many characters in UTF-8
_ALL_FILES_LIMIT = 96_000
_OUTLINE_LINES = 400


def outline(paths: Sequence[str]) -> str:
    """The repository's files as git lists them, one a line, cut at 400 lines with a sentence that says so."""
    shown = list(paths[:_OUTLINE_LINES])
    if len(paths) > len(shown):
        shown.append(f"… and {len(paths) - len(shown)} more: list_directory shows them.")
    return "\n".join(shown) or "(no files)"


def declared_files(root: Path, ticket: TicketSpec) -> Mapping[str, str]:
    """The declared files that exist as text, in the ticket's order. Blocking: for the helper pool.

    A file over 32,000 characters, or one that would bring the whole over 96,000, is named instead of shown. Links are
    not followed: what lies outside the worktree is never read.
    """
    found: dict[str, str] = {}
    room = _ALL_FILES_LIMIT
    resolved_root = root.resolve()
    for name in ticket.files:
        path = root / name
        try:
            if name.endswith("/") or not path.is_file() or path.is_symlink():
                continue
            if not path.resolve().is_relative_to(resolved_root):
                continue
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
            text = content.decode("utf-8") if len(content) <= _MOST_BYTES else None
        except (OSError, UnicodeDecodeError):
            found[name] = "(not readable as UTF-8 text)"
            continue
        if text is None or len(text) > min(_FILE_LIMIT, room):
            found[name] = "(long: read the parts that you need with read_file)"
            continue
        room -= len(text)
        found[name] = text
    return found
