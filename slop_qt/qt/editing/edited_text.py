"""One document of a track while it is edited: the text, what is on disk, and what one can undo."""

import asyncio
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QTextCursor, QTextDocument, QUndoCommand, QUndoStack
from PySide6.QtWidgets import QPlainTextDocumentLayout

from slop_qt.core.line_ends import common_ends, in_editor, with_line_ends
from slop_qt.mma.plan_shapes import Document, DocumentName

__all__ = ["EditedText", "Snapshot"]

_SLICE = 8_192  # characters that go in or come out at once: a few milliseconds
_AT_ONCE = 4 * _SLICE
_NEVER = -1


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The text at one moment, with line feeds, and what it is an edit of; state is what `saved` needs to know of it."""

    text: str
    base: Document
    state: int

    def written(self) -> str:
        """As it is written: what was not changed has the line ends that it had. Slow where it is long."""
        return with_line_ends(self.base.text, self.text)


class EditedText(QObject):
    """Spec or plan of one track. Lives in the GUI thread; its document's own undo is part of the track's one stack.

    Whoever shows `document` lets nobody undo in it but through the stack. It is filled once; later texts from
    elsewhere come in as one edit, which can be undone.

    Signals:
        changed: the text is another one.
        state_changed: other than before: unsaved, loading, conflict or problem.
        edited_at(int): undo or redo changed it at that position.
    """

    changed = Signal()
    state_changed = Signal()
    edited_at = Signal(int)

    def __init__(self, name: DocumentName, stack: QUndoStack, parent: QObject) -> None:
        super().__init__(parent)
        self.name: DocumentName = name
        self.document = QTextDocument(self)
        self.document.setDocumentLayout(QPlainTextDocumentLayout(self.document))
        self.base = Document(text="", digest="")
        self.theirs: Document | None = None
        self._stack = stack
        self._loaded = False
        self._unsaved = False
        self._pushing = False
        self._reason = ""
        self._steps = self._saved_steps = 0
        self._saving_steps = _NEVER
        self.document.undoCommandAdded.connect(self._command_added)
        self.document.contentsChanged.connect(self._contents_changed)
        stack.indexChanged.connect(self._stack_moved)

    @property
    def loaded(self) -> bool:
        """Whether all of the text is in the document."""
        return self._loaded

    @property
    def unsaved(self) -> bool:
        """Whether the text differs from what is on disk, by what was edited and undone."""
        return self._unsaved

    @property
    def editable(self) -> bool:
        """Whether it can be typed in."""
        return self.loaded and self.base.problem is None

    async def load(self, document: Document, text: str, draft: str | None = None) -> None:
        """Fill the empty document; a long text comes in slices, and the loop turns between them.

        text is the document's with line feeds. A draft is put in its place, as an edit that is not saved.
        """
        self.base = document
        self.document.setUndoRedoEnabled(False)
        for start in range(0, len(text), _SLICE):
            if start:
                await asyncio.sleep(0)
            cursor = QTextCursor(self.document)
            cursor.movePosition(QTextCursor.MoveOperation.End)
            cursor.insertText(text[start : start + _SLICE])
        self.document.setUndoRedoEnabled(True)
        self._loaded = True
        self.changed.emit()
        self.state_changed.emit()
        if draft is not None:
            self.replace(draft, f"unsaved edit of the {self.name}")

    def replace(self, text: str, reason: str) -> None:
        """Make it this text (any line ends) by one edit of what differs; undo is offered as of `reason`."""
        before, after = _plain(self.document), in_editor(text)
        start, end = common_ends(before, after)
        if start == len(before) == len(after):
            return
        self.end_typing()
        self._reason = reason
        cursor = QTextCursor(self.document)
        cursor.beginEditBlock()
        cursor.setPosition(_units(before[:start]))
        cursor.setPosition(_units(before[: len(before) - end]), QTextCursor.MoveMode.KeepAnchor)
        cursor.insertText(after[start : len(after) - end])
        cursor.endEditBlock()
        self._reason = ""

    def take_over(self, document: Document) -> None:
        """Show what somebody else wrote, as one step that can be undone; from now on that is what is on disk."""
        self.replace(document.text, f"change of the {self.name} from elsewhere")
        self.rebase(document)
        self._mark_saved(self._steps)

    def rebase(self, document: Document) -> None:
        """The file is that now; the text stays as it is, and unsaved if it was."""
        self.base, self.theirs = document, None
        self.state_changed.emit()

    def set_theirs(self, document: Document | None) -> None:
        """Somebody else changed the file, and there are unsaved edits: somebody has to decide."""
        if document != self.theirs:
            self.theirs = document
            self.state_changed.emit()

    def mark_unsaved(self) -> None:
        """It differs from what is on disk, whatever was undone."""
        self._saved_steps = _NEVER
        self._look()

    async def snapshot(self, *, end_typing: bool = True) -> Snapshot:
        """The text of this moment. A long one is read in slices; if it changes meanwhile, again from the start.

        One that is to be saved ends a step of typing: what is typed next can be undone without it.
        """
        while True:
            if end_typing:
                self.end_typing()
            steps, revision, base = self._steps, self.document.revision(), self.base
            pieces = []
            size = self.document.characterCount() - 1
            start = 0
            while start < size:
                end = _end_of_stretch(self.document, start, size)
                pieces.append(_stretch(self.document, start, end))
                start = end
                if start < size:
                    await asyncio.sleep(0)
            if revision == self.document.revision() and base is self.base:
                return Snapshot("".join(pieces), base, steps)

    def saving(self, snapshot: Snapshot) -> None:
        """That is being written."""
        self._saving_steps = snapshot.state

    def saved(self, written: Document) -> None:
        """What was being written is on disk now."""
        self.base, self.theirs = written, None
        self._mark_saved(self._saving_steps)

    @Slot()
    def end_typing(self) -> None:
        """Let the next keystroke begin a step of its own."""
        self.document.setModified(False)  # what Qt looks at before it merges a keystroke with those before it

    def undo(self) -> None:
        """For the stack: take one step of the document back."""
        cursor = QTextCursor(self.document)
        self.document.undo(cursor)
        self.edited_at.emit(cursor.position())

    def redo(self) -> None:
        """For the stack: take it again."""
        cursor = QTextCursor(self.document)
        self.document.redo(cursor)
        self.edited_at.emit(cursor.position())

    @Slot()
    def _stack_moved(self) -> None:
        if not self._pushing:
            self.end_typing()

    @Slot()
    def _command_added(self) -> None:
        if self._steps < self._saved_steps:
            self._saved_steps = _NEVER  # what was saved was undone, and cannot be redone any more
        if self._steps < self._saving_steps:
            self._saving_steps = _NEVER
        self._pushing = True
        self._stack.push(_TextStep(self, self._reason or f"edit of the {self.name}"))
        self._pushing = False

    @Slot()
    def _contents_changed(self) -> None:
        self._steps = self.document.availableUndoSteps()
        if self.loaded:
            self.changed.emit()
            self._look()

    def _mark_saved(self, steps: int) -> None:
        self._saved_steps, self._saving_steps = steps, _NEVER
        self._look()
        self.state_changed.emit()

    def _look(self) -> None:
        unsaved = self._steps != self._saved_steps
        if unsaved != self._unsaved:
            self._unsaved = unsaved
            self.state_changed.emit()


class _TextStep(QUndoCommand):
    """One step of the document, which has been taken already when it is pushed."""

    def __init__(self, text: EditedText, words: str) -> None:
        super().__init__(words)
        self._edited = text
        self._taken = True

    def undo(self) -> None:
        self._edited.undo()

    def redo(self) -> None:
        if self._taken:
            self._taken = False
            return
        self._edited.redo()


def _plain(document: QTextDocument) -> str:
    """All of it; unlike toPlainText, no-break spaces stay what they are."""
    return document.toRawText().replace("\u2029", "\n")


def _stretch(document: QTextDocument, start: int, end: int) -> str:
    cursor = QTextCursor(document)
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    return cursor.selectedText().replace("\u2029", "\n")


def _end_of_stretch(document: QTextDocument, start: int, size: int) -> int:
    """The end of a line some way on: in the middle of a line, half a character could be cut off."""
    block = document.findBlock(min(start + _AT_ONCE, size))
    return min(block.position() + block.length(), size)


def _units(text: str) -> int:
    """How long it is to Qt, which counts UTF-16."""
    return len(text.encode("utf-16-le")) // 2
