"""Edits the source of a document that belongs to somebody else, and whose history too."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QTextCursor, QTextDocument, QTextOption
from PySide6.QtWidgets import QMenu, QPlainTextDocumentLayout, QPlainTextEdit

from slop_qt.qt.theme import Theme
from slop_qt.widgets.undo_keys import SharedUndoKeys

__all__ = ["SourceEdit"]

_MARGIN = 4


class SourceEdit(QPlainTextEdit):
    """In the fixed font, wrapped at the edge. Remembers the place in each document. Lives in the GUI thread.

    Signals:
        line_in_view(float): scrolled to that line, from 0; a fraction is part of the way through a long one.
    """

    line_in_view = Signal(float)

    def __init__(self, theme: Theme, name: str, spoken: str) -> None:
        super().__init__()
        self._places: dict[QTextDocument, tuple[int, int]] = {}
        self._nothing = QTextDocument(self)
        self._nothing.setDocumentLayout(QPlainTextDocumentLayout(self._nothing))
        self.history: tuple[QAction, ...] = ()
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setProperty("kind", "view")
        self.setFont(theme.fixed_font())
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setTabChangesFocus(True)
        self.setViewportMargins(_MARGIN, _MARGIN, _MARGIN, 0)  # a margin of the document's would be a step to undo
        self._keys = SharedUndoKeys(self)
        self._keys.give_up(self)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.show_document(None)

    def show_document(self, document: QTextDocument | None) -> None:
        """Edit another one, at the place where it was left."""
        before, after = self.document(), document or self._nothing
        if after is before:
            return
        self._places[before] = (self.textCursor().position(), self.verticalScrollBar().value())
        after.setDefaultFont(self.font())
        self.setDocument(after)
        position, scroll = self._places.pop(after, (0, 0))
        self.go_to(position, scroll=False)
        self.verticalScrollBar().setValue(scroll)

    def go_to(self, position: int, *, scroll: bool = True) -> None:
        """Put the cursor there (in UTF-16 units), and bring it into view."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(position, self.document().characterCount() - 1))
        self.setTextCursor(cursor)
        if scroll:
            self.ensureCursorVisible()

    def make_menu(self) -> QMenu:
        """What a right click offers: as usual, with `history` (undo and redo) for the document's own."""
        menu = self.createStandardContextMenu()
        for name, action in zip(("edit-undo", "edit-redo"), self.history or (None, None), strict=True):
            own = menu.findChild(QAction, name)
            if own is not None and action is not None:
                menu.insertAction(own, action)
            if own is not None:
                menu.removeAction(own)
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.make_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def _scrolled(self) -> None:
        block = self.firstVisibleBlock()
        rect = self.blockBoundingGeometry(block).translated(self.contentOffset())
        part = min(max(-rect.top() / rect.height(), 0.0), 1.0) if rect.height() else 0.0
        self.line_in_view.emit(block.blockNumber() + part)
