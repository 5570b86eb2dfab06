"""The outline of a source file: its signatures and docs, so that an agent knows what is there without the file."""

from slop_qt.tools.outlines.entries import arrange
from slop_qt.tools.outlines.languages import source_language
from slop_qt.tools.outlines.marks import find_marks
from slop_qt.tools.outlines.writing import write_outline

__all__ = ["outline_of"]


def outline_of(path: str, text: str) -> str | None:
    """The outline of a file's text, each line with the number that it has in the file.

    Bodies are left out as `…`, imports are counted, values are cut to one line. None for a language that has no
    outline (path's ending says which it is), and for a text that takes its parser more than 10 s of computing. Any
    text may be given; one that does not hold is outlined as far as it can be read, and says so. It is slow, half a
    second and more for a megabyte: call it from a helper thread, any one.
    """
    source = source_language(path)
    if source is None:
        return None
    data = text.encode("utf-8", "replace")  # a lone surrogate has no UTF-8
    marks = find_marks(source, data)
    if marks is None:
        return None
    lines = write_outline(source, data, arrange(source, data, marks.found)) or ["(it declares nothing)"]
    if marks.broken:
        lines.append(f"({marks.broken} part{'s' * (marks.broken > 1)} of it could not be parsed)")
    return "\n".join(lines) + "\n"
