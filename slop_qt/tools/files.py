"""Reading, listing and changing files beneath an agent's root."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import override

from slop_qt.core.approvals import ApprovalKind, EditPayload
from slop_qt.core.errors import ToolError
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import declares
from slop_qt.tools.confined import Confined
from slop_qt.tools.contract import Effect, Harmless, Tool, ToolContext, ToolOutput, revised
from slop_qt.tools.diffs import unified_diff

__all__ = [
    "EditFile",
    "EditFileArguments",
    "ListDirectory",
    "ListDirectoryArguments",
    "ReadFile",
    "ReadFileArguments",
    "RevisedEdit",
    "WriteFile",
    "WriteFileArguments",
]

_MAX_FILE_BYTES = 8 << 20
_MAX_SHOWN = 100_000  # characters, about 25,000 tokens
_MAX_ENTRIES = 1000
_AGAIN = "Read the file again, then decide anew."

RelativePath = Annotated[str, Field(min_length=1, description="Relative to the root of the repository.")]


class ReadFileArguments(Shape):
    """Which lines of which file, counted from 1, both ends included."""

    path: RelativePath
    start_line: Annotated[int | None, Field(ge=1, description="First line to read, from 1.")] = None
    end_line: Annotated[int | None, Field(ge=1, description="Last line to read.")] = None


class ListDirectoryArguments(Shape):
    """Which directory, and how many levels of it."""

    path: RelativePath = "."
    depth: Annotated[int, Field(ge=1, le=10, description="How many levels to show.")] = 1


class WriteFileArguments(Shape):
    """A file's whole new text."""

    path: RelativePath
    content: Annotated[str, Field(description="The whole new text of the file.")]


class EditFileArguments(Shape):
    """One replacement in a file."""

    path: RelativePath
    old: Annotated[str, Field(min_length=1, description="The text to replace, exactly as it is; it must occur once.")]
    new: Annotated[str, Field(description="What stands there afterwards.")]


class RevisedEdit(EditFileArguments):
    """An edit of which the person changed the outcome: content is the file's whole new text."""

    content: str


class ReadFile(Harmless[ReadFileArguments]):
    """Shows text as it is, cut where it is long, and says so."""

    name = "read_file"
    description = "Read a text file, or some lines of it."
    tiers = frozenset({1, 2, 3, 4})
    arguments = ReadFileArguments
    ends = False

    @override
    async def perform(
        self, arguments: ReadFileArguments, context: ToolContext, effect: Effect | None = None
    ) -> ToolOutput:
        text = await context.offload.run(lambda: _text(Confined(context.root), arguments.path))
        return ToolOutput(_excerpt(arguments, text))


class ListDirectory(Harmless[ListDirectoryArguments]):
    """Shows names, directories with a `/` at their end."""

    name = "list_directory"
    description = "List a directory; directories end in '/'."
    tiers = frozenset({1, 2, 3, 4})
    arguments = ListDirectoryArguments
    ends = False

    @override
    async def perform(
        self, arguments: ListDirectoryArguments, context: ToolContext, effect: Effect | None = None
    ) -> ToolOutput:
        return ToolOutput(await context.offload.run(lambda: _listing(Confined(context.root), arguments)))


class WriteFile(Tool[WriteFileArguments]):
    """Writes a whole file, new or not."""

    name = "write_file"
    description = "Write a whole file; missing directories are made. To change part of a file use edit_file."
    tiers = frozenset({3})
    arguments = WriteFileArguments
    ends = False

    @override
    async def effect(self, arguments: WriteFileArguments, context: ToolContext) -> Effect:
        return _effect(await context.offload.run(lambda: _overwrite(context, arguments)), context)

    @override
    async def perform(
        self, arguments: WriteFileArguments, context: ToolContext, effect: Effect | None = None
    ) -> ToolOutput:
        def write() -> ToolOutput:
            change = _overwrite(context, arguments)
            if effect is not None and effect.basis != change.basis:
                raise ToolError(f"{change.path} changed since this was asked for; nothing was written.", _AGAIN)
            return change.write(context)

        return await context.offload.run(write)


class EditFile(Tool[EditFileArguments]):
    """Replaces one text in a file."""

    name = "edit_file"
    description = "Replace one text in a file. `old` must occur exactly once: take enough lines around it."
    tiers = frozenset({3})
    arguments = EditFileArguments
    ends = False

    @override
    async def effect(self, arguments: EditFileArguments, context: ToolContext) -> Effect:
        return _effect(await context.offload.run(lambda: _replacement(context, arguments)), context)

    @override
    def edited(self, arguments: EditFileArguments, edited: Mapping[str, Any]) -> EditFileArguments:
        return revised(RevisedEdit, arguments, edited)

    @override
    async def perform(
        self, arguments: EditFileArguments, context: ToolContext, effect: Effect | None = None
    ) -> ToolOutput:
        def write() -> ToolOutput:
            change = _replacement(context, arguments)
            # Another change elsewhere in the file leaves the one replacement that was shown what it was; a text of
            # the person's own was made for one state of the file only.
            moved = effect is not None and effect.basis != change.basis
            if moved and isinstance(arguments, RevisedEdit):
                raise ToolError(f"{change.path} changed since this was asked for; nothing was written.", _AGAIN)
            return change.write(context)

        return await context.offload.run(write)


@dataclass(frozen=True, slots=True)
class _Change:
    """A file's text before (None: there is none) and after."""

    path: str
    old: str | None
    new: str

    @property
    def basis(self) -> str:
        return "absent" if self.old is None else hashlib.sha256(self.old.encode()).hexdigest()

    def write(self, context: ToolContext) -> ToolOutput:
        Confined(context.root).write(self.path, self.new.encode())
        lines = self.new.count("\n") + (not self.new.endswith("\n") and self.new != "")
        return ToolOutput(f"Wrote {self.path}: {lines} lines.")


def _effect(change: _Change, context: ToolContext) -> Effect:
    payload = EditPayload(path=change.path, diff=unified_diff(change.path, change.old, change.new), content=change.new)
    return Effect(
        kind=ApprovalKind.EDIT,
        title=f"{'Create' if change.old is None else 'Change'} {change.path}",
        payload=payload,
        editable=("content",),
        subject=change.path,
        outside_scope=context.ticket is not None and not declares(context.ticket, change.path),
        basis=change.basis,
    )


def _overwrite(context: ToolContext, arguments: WriteFileArguments) -> _Change:
    confined = Confined(context.root)
    path = confined.relative(arguments.path)
    _require_writable_size(path, arguments.content)
    there = confined.read_if_there(path, _MAX_FILE_BYTES)
    return _Change(path, None if there is None else there.data.decode("utf-8", "replace"), arguments.content)


def _replacement(context: ToolContext, arguments: EditFileArguments) -> _Change:
    confined = Confined(context.root)
    path = confined.relative(arguments.path)
    old = _text(confined, path, writing=True)
    if isinstance(arguments, RevisedEdit):
        return _Change(path, old, arguments.content)
    if arguments.old == arguments.new:
        raise ToolError("`old` and `new` are the same: nothing would change.", "Leave the call out, or change `new`.")
    count = _occurrences(old, arguments.old)
    if count != 1:
        hint = (
            "Read the file and copy the text exactly, with its spaces and line ends."
            if count == 0
            else "Take more of the lines around it, so that it occurs once."
        )
        raise ToolError(f"`old` occurs {count} times in {path}; it must occur exactly once.", hint)
    new = old.replace(arguments.old, arguments.new)
    _require_writable_size(path, new)
    return _Change(path, old, new)


def _occurrences(text: str, part: str) -> int:
    """How often, overlaps counted: `aa` occurs twice in `aaa`, and which one is meant cannot be known."""
    count, at = 0, text.find(part)
    while at >= 0 and count < 1000:
        count, at = count + 1, text.find(part, at + 1)
    return count


def _require_writable_size(path: str, text: str) -> None:
    if len(text.encode()) > _MAX_FILE_BYTES:
        raise ToolError(f"{path} would be larger than {_MAX_FILE_BYTES >> 20} MiB.", "Write smaller files.")


def _text(confined: Confined, path: str, *, writing: bool = False) -> str:
    found = confined.read_if_there(path, _MAX_FILE_BYTES + 1) if writing else confined.read(path, _MAX_FILE_BYTES + 1)
    if found is None:
        raise ToolError(f"There is no {path}.", "Use write_file to create it.")
    if len(found.data) > _MAX_FILE_BYTES:
        raise ToolError(
            f"{path} has {found.size:,} bytes; files over {_MAX_FILE_BYTES >> 20} MiB are not read.", "Use search_text."
        )
    if b"\0" in found.data:
        raise ToolError(f"{path} is binary ({found.size:,} bytes).", "Only text can be read and edited.")
    try:
        return found.data.decode()
    except UnicodeDecodeError as error:
        raise ToolError(f"{path} is not UTF-8 text (byte {error.start} cannot be read).") from None


def _excerpt(arguments: ReadFileArguments, text: str) -> str:
    lines = text.split("\n")
    total = len(lines) - (lines[-1] == "")
    first = arguments.start_line or 1
    last = min(arguments.end_line or total, total)
    if first > max(total, 1) or (arguments.end_line is not None and arguments.end_line < first):
        raise ToolError(
            f"{arguments.path} has {total} lines: there are no lines {first} to {arguments.end_line or total}.",
            "Count from 1, and end after the start.",
        )
    whole = first == 1 and last == total
    shown = text if whole else "\n".join(lines[first - 1 : last]) + "\n"
    if len(shown) > _MAX_SHOWN:
        shown = shown[:_MAX_SHOWN]
        reached = first + shown.count("\n")
        return (
            f"{shown}\n[cut here, in line {reached} of {total}: only {_MAX_SHOWN:,} characters are shown at once; "
            f"read on with start_line {reached}, or look for what you need with search_text]"
        )
    if not shown:
        return "[the file is empty]"
    return shown if whole else f"[lines {first} to {last} of {total}]\n{shown}"


def _listing(confined: Confined, arguments: ListDirectoryArguments) -> str:
    lines: list[str] = []
    for line in _entries(confined, arguments.path, arguments.depth, ""):
        if len(lines) == _MAX_ENTRIES:
            return "\n".join([*lines, f"[cut after {_MAX_ENTRIES} entries: list a directory further down]"])
        lines.append(line)
    return "\n".join(lines) or "[the directory is empty]"


def _entries(confined: Confined, path: str, depth: int, prefix: str) -> Iterator[str]:
    for entry in confined.entries(path):
        shown = prefix + entry.name
        if entry.target is not None:
            yield f"{shown} -> {entry.target}"
        elif not entry.is_directory:
            yield shown
        else:
            yield f"{shown}/"
            if depth > 1:
                yield from _entries(confined, f"{path}/{entry.name}", depth - 1, f"{shown}/")
