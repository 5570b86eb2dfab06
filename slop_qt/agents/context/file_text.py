"""Reads a file for a model: its text, or a sentence that says why there is none."""

from dataclasses import dataclass

from slop_qt.core.errors import ToolError
from slop_qt.tools.confined import Confined, FileBytes

__all__ = ["MOST_READ", "FileText", "read_file_text", "text_of"]

# Of one file, in bytes: the same as the tools read.
MOST_READ = 8 << 20
_LOOKED_AT = 8192  # bytes in which a binary file shows itself, as git does it


@dataclass(frozen=True, slots=True)
class FileText:
    """What a file said when it was read; text is None where it cannot be shown. problem says why, or what is missing
    of the text: a sentence, or empty.
    """

    text: str | None
    problem: str = ""


def read_file_text(confined: Confined, path: str) -> FileText:
    """The file's text as it is now. Blocking; never raises for what a file may be or become."""
    try:
        return text_of(path, confined.read(path, MOST_READ + 1))
    except ToolError as error:
        return FileText(None, error.message)


def text_of(path: str, found: FileBytes) -> FileText:
    """The text of bytes that were read of a file."""
    data = found.data
    if len(data) > MOST_READ:
        size = max(found.size, len(data))
        return FileText(None, f"{path} has {size:,} bytes, more than the {MOST_READ:,} that are read of a file.")
    nul = data[:_LOOKED_AT].find(0)
    if nul >= 0:
        return FileText(None, f"{path} is binary ({len(data):,} bytes, byte {nul:,} is NUL).")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = data[error.start]
        return FileText(None, f"{path} is not UTF-8: byte {error.start:,} (0x{byte:02x}) cannot be read.")
    if found.size != len(data):
        return FileText(text, f"{path} was being written: {len(data):,} of now {found.size:,} bytes were read.")
    return FileText(text)
