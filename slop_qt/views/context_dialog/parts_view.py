"""What a ticket's worker would start with: the parts in their order, and the exact text of the selected one."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QHeaderView, QPlainTextEdit, QSplitter, QTableView, QVBoxLayout, QWidget

from slop_qt.core.context import ContextPart
from slop_qt.core.visible_text import make_visible
from slop_qt.mma.spend_shapes import ContextPreviewed
from slop_qt.qt.preview_model import FILE_KINDS, PreviewModel
from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import push_button
from slop_qt.widgets.row_table import row_table

__all__ = ["PartsView"]

_WIDTHS = (92, 190, 80)
_AT_ONCE = 16_000  # characters that are laid out between two turns of the loop


class PartsView(QSplitter):
    """Lives in the GUI thread. A long text comes in pieces, so that the window does not stand still.

    Signals:
        choice_wanted(ContextPart): the person wants to say how that file is sent.
    """

    choice_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._model = PreviewModel(self)
        self._selected: ContextPart | None = None
        self._rest = ""
        self._pieces = QTimer(self)
        self._pieces.setInterval(0)
        self._pieces.timeout.connect(self._add_piece)
        self._table = row_table(theme, "context.parts", "Parts of the first request", self._model)
        self._table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        header = self._table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        for column, width in enumerate(_WIDTHS):
            self._table.setColumnWidth(column, width)
        header.setSectionResizeMode(len(_WIDTHS), QHeaderView.ResizeMode.Stretch)
        self._change = push_button("context.change_part", "Choose how it is sent", self._want_choice)
        self._change.setAutoDefault(False)
        self._text = QPlainTextEdit()
        self._text.setObjectName("context.text")
        self._text.setAccessibleName("Text of the selected part")
        self._text.setProperty("kind", "editor")
        self._text.setReadOnly(True)
        self._text.setTabChangesFocus(True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._text.setPlaceholderText("The selected part's text, as the model would see it.")
        self._text.setFont(theme.fixed_font())
        left = QWidget()
        column_of_parts = QVBoxLayout(left)
        column_of_parts.setContentsMargins(0, 0, 8, 8)
        column_of_parts.setSpacing(8)
        column_of_parts.addWidget(self._table, 1)
        column_of_parts.addWidget(self._change, 0, Qt.AlignmentFlag.AlignLeft)
        right = QWidget()
        column_of_text = QVBoxLayout(right)
        column_of_text.setContentsMargins(8, 0, 0, 8)
        column_of_text.addWidget(self._text)
        self.addWidget(left)
        self.addWidget(right)
        self.setStretchFactor(0, 3)
        self.setStretchFactor(1, 2)
        self.setChildrenCollapsible(False)
        self._table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self._refresh()

    def show_parts(self, previewed: ContextPreviewed) -> None:
        """Show these; what was selected stays so, where it is still among them."""
        before = self._selected
        self._model.show(previewed)
        row = self._model.row_of(before) if before is not None else -1
        self._table.selectRow(max(row, 0))
        self._row_chosen()

    def _row_chosen(self) -> None:
        row = self._table.currentIndex().row()
        self._selected = self._model.part(row)
        self._rest = make_visible(self._model.text(row))
        self._text.clear()
        self._pieces.start()
        self._add_piece()
        self._refresh()

    def _add_piece(self) -> None:
        piece, self._rest = self._rest[:_AT_ONCE], self._rest[_AT_ONCE:]
        cursor = QTextCursor(self._text.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(piece)
        if not self._rest:
            self._pieces.stop()

    def _refresh(self) -> None:
        is_file = self._selected is not None and self._selected.kind in FILE_KINDS
        self._change.setEnabled(is_file)
        self._change.setToolTip("" if is_file else "Only files can be chosen; all else always goes along.")

    def _want_choice(self) -> None:
        if self._selected is not None:
            self.choice_wanted.emit(self._selected)
