"""A file of conductor/ as an editor gets it, and as it is written back: only what was edited changes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from slop_qt.core.errors import ConflictError, StoreError
from slop_qt.core.line_ends import FILE_LINE_END, with_line_ends
from slop_qt.store.conductor.lines import BYTE_ORDER_MARK
from slop_qt.store.files import read_bytes

__all__ = ["StoredText", "digest_of", "edited", "read_document", "require_unchanged"]

_MEBIBYTE = 1 << 20
_LARGEST = 16 * _MEBIBYTE


@dataclass(frozen=True, slots=True)
class StoredText:
    """A file's text without a byte order mark, and the SHA-256 of its bytes in hex; both are empty where it is not.

    problem is a sentence that says why it cannot be had as text; None where it can.
    """

    text: str
    digest: str
    problem: str | None = None


def digest_of(content: bytes | None) -> str:
    """The SHA-256 in hex; empty where there is no file."""
    return "" if content is None else hashlib.sha256(content).hexdigest()


def read_document(path: Path) -> StoredText:
    """The file for an editor; what cannot be read or shown is a problem and no error."""
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        return StoredText("", "")
    except StoreError as error:
        return StoredText("", "", str(error))
    digest = digest_of(content)
    if len(content) > _LARGEST:
        size = f"{len(content) / _MEBIBYTE:.0f} MiB"
        return StoredText("", digest, f"{path} is too large to be edited here: {size}. Use an editor of your own.")
    try:
        return StoredText(content.decode("utf-8").removeprefix(BYTE_ORDER_MARK), digest)
    except UnicodeDecodeError as error:
        return StoredText("", digest, f"{path} is not UTF-8: byte {error.start} cannot be read. Save it as UTF-8.")


def require_unchanged(path: Path, content: bytes | None, base_digest: str) -> None:
    """Make sure that the file is what an edit began with.

    Raises:
        ConflictError: somebody else has changed, made or removed it.
    """
    if digest_of(content) == base_digest:
        return
    what = "was removed" if content is None else "was changed" if base_digest else "was written"
    raise ConflictError(
        f"{path} {what} by somebody else since it was read.",
        "Nothing was overwritten. Read it again, or keep your text elsewhere first.",
    )


def edited(content: bytes | None, text: str) -> bytes:
    """The bytes to write for a text from an editor, which knows LF alone: byte order mark and line ends come back.

    A text that has a CR itself is taken as it is, but for the byte order mark.

    Raises:
        StoreError: what is there is not UTF-8, so that nobody can have edited it as text; or the new text is not.
    """
    try:
        before = (content or b"").decode("utf-8")
        mark = BYTE_ORDER_MARK if before.startswith(BYTE_ORDER_MARK) else ""
        if "\r" not in text:
            text = with_line_ends(before.removeprefix(mark), text, FILE_LINE_END)
        return (mark + text).encode("utf-8")
    except UnicodeError as error:
        raise StoreError(
            f"The text cannot be written: {error.reason if isinstance(error, UnicodeDecodeError) else error}.",
            "The file, or the text, is not UTF-8: save it as UTF-8 first.",
        ) from error
