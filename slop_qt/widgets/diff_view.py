"""Shows a unified diff: the files with their counts, and the lines with the numbers of both sides."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent, QTextBlock, QTextOption
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPlainTextEdit, QSplitter, QWidget

from slop_qt.core.visible_text import make_visible
from slop_qt.qt.roles import Role
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.widgets.row_delegate import ROW_HEIGHT, RowDelegate
from slop_qt.widgets.unified_diff import DiffFile, DiffLine, read_diff

__all__ = ["DiffText", "DiffView"]

_LINE_LIMIT = 4096
_LINES_SHOWN = 50_000
_WIDE, _LIST_WIDTH, _ROWS_SHOWN = 640, 200, 5
_UNLIMITED = (1 << 24) - 1  # QWIDGETSIZE_MAX
_GUTTER_GAP = 8
_COLORS = {"added": "added", "removed": "removed", "hunk": "hover", "note": "hover"}


class _Gutter(QWidget):
    """The strip of line numbers beside a DiffText, which paints it."""

    def __init__(self, text: "DiffText") -> None:
        super().__init__(text)
        self._text = text

    def sizeHint(self) -> QSize:
        return QSize(self._text.gutter_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._text.paint_gutter(event)


class DiffText(QPlainTextEdit):
    """The lines of some files, read only. Lives in the GUI thread; costs what is in view."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._lines: list[DiffLine] = []
        self.setProperty("kind", "view")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.setFont(theme.fixed_font())
        self._gutter = _Gutter(self)
        self.updateRequest.connect(self._move_gutter)
        theme.changed.connect(self._gutter.update)

    def show_lines(self, lines: list[DiffLine]) -> None:
        """Show these; very long lines and very long diffs are cut, and say so."""
        shown = lines[:_LINES_SHOWN]
        if len(lines) > len(shown):
            shown.append(DiffLine("note", f"{len(lines) - len(shown):,} more lines are not shown"))
        self._lines = shown
        self.setPlainText("\n".join(_as_shown(line) for line in shown))
        self.setViewportMargins(self.gutter_width(), 0, 0, 0)
        self._place_gutter()

    def gutter_width(self) -> int:
        """Pixels for both columns of numbers."""
        return 2 * self._number_width() + 3 * _GUTTER_GAP

    def paint_gutter(self, event: QPaintEvent) -> None:
        """Paint the numbers of the lines in view."""
        with QPainter(self._gutter) as painter:
            painter.fillRect(event.rect(), self._theme.color("panel"))
            painter.setFont(self.font())
            width = self._number_width()
            for block, rect in self._in_view():
                line = self._lines[block.blockNumber()]
                if line.kind in _COLORS:
                    painter.fillRect(QRectF(0, rect.top(), self._gutter.width(), rect.height()), self._color(line))
                painter.setPen(self._theme.color("muted"))
                for column, number in enumerate((line.old, line.new)):
                    area = QRectF(_GUTTER_GAP + column * (width + _GUTTER_GAP), rect.top(), width, rect.height())
                    painter.drawText(area, Qt.AlignmentFlag.AlignRight, str(number) if number is not None else "")

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self.viewport()) as painter:
            for block, rect in self._in_view():
                line = self._lines[block.blockNumber()]
                if line.kind in _COLORS:
                    painter.fillRect(QRectF(0, rect.top(), self.viewport().width(), rect.height()), self._color(line))
        super().paintEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_gutter()

    def _color(self, line: DiffLine) -> QColor:
        return self._theme.color(_COLORS[line.kind])

    def _in_view(self) -> list[tuple[QTextBlock, QRectF]]:
        found = []
        block = self.firstVisibleBlock()
        while block.isValid() and block.blockNumber() < len(self._lines):
            rect = self.blockBoundingGeometry(block).translated(self.contentOffset())
            if rect.top() > self.viewport().height():
                break
            found.append((block, rect))
            block = block.next()
        return found

    def _number_width(self) -> int:
        largest = max((line.new or line.old or 0 for line in self._lines), default=0)
        return self.fontMetrics().horizontalAdvance("0" * max(len(str(largest)), 2))

    def _place_gutter(self) -> None:
        area = self.contentsRect()
        self._gutter.setGeometry(QRect(area.left(), area.top(), self.gutter_width(), area.height()))

    def _move_gutter(self, area: QRect, dy: int) -> None:
        if dy:
            self._gutter.scroll(0, dy)
        else:
            self._gutter.update(0, area.y(), self._gutter.width(), area.height())


class DiffView(QWidget):
    """Files at the left, with what is added and removed; lines at the right. Lives in the GUI thread."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._diff = ""
        self._files: list[DiffFile] = []
        self.setObjectName(name)
        self._list = QListWidget()
        self._list.setObjectName(f"{name}.files")
        self._list.setAccessibleName("Changed files")
        self._list.setItemDelegate(RowDelegate(theme, self._list, Qt.TextElideMode.ElideMiddle))
        self._list.currentRowChanged.connect(self._show_file)
        self.text = DiffText(theme)
        self.text.setObjectName(f"{name}.lines")
        self.text.setAccessibleName("Changed lines")
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self._list)
        self._splitter.addWidget(self.text)
        self._splitter.setStretchFactor(1, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._splitter)

    @property
    def files(self) -> list[DiffFile]:
        """What is shown."""
        return self._files

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wide: files beside the lines. Narrow: files above them."""
        super().resizeEvent(event)
        wanted = Qt.Orientation.Horizontal if event.size().width() >= _WIDE else Qt.Orientation.Vertical
        if wanted is not self._splitter.orientation():
            self._splitter.setOrientation(wanted)
            self._share_out()

    def _share_out(self) -> None:
        if self._splitter.orientation() is Qt.Orientation.Horizontal:
            self._list.setMinimumHeight(0)
            self._list.setMaximumHeight(_UNLIMITED)
            self._splitter.setSizes([_LIST_WIDTH, max(self.width() - _LIST_WIDTH, 1)])
        else:
            self._list.setFixedHeight(min(len(self._files), _ROWS_SHOWN) * ROW_HEIGHT + 4)
            self._splitter.setSizes([1, _UNLIMITED])

    def show_diff(self, diff: str) -> None:
        """Show a unified diff; the file that was chosen stays chosen if it is still there."""
        if diff == self._diff:
            return
        chosen = self._files[self._list.currentRow()].path if self._list.currentRow() >= 0 and self._files else None
        self._diff, self._files = diff, read_diff(diff)
        self._list.blockSignals(True)
        self._list.clear()
        for file in self._files:
            self._list.addItem(_list_item(file))
        self._list.blockSignals(False)
        self._list.setVisible(len(self._files) > 1)
        self._share_out()
        row = next((row for row, file in enumerate(self._files) if file.path == chosen), 0)
        if self._files:
            self._list.setCurrentRow(row)
        else:
            self.text.show_lines([])

    def _show_file(self, row: int) -> None:
        if 0 <= row < len(self._files):
            file = self._files[row]
            note = f"  ({file.note})" if file.note else ""
            self.text.show_lines([DiffLine("hunk", f"{file.path}{note}"), *file.lines])


def _list_item(file: DiffFile) -> QListWidgetItem:
    item = QListWidgetItem(make_visible(file.path))
    item.setData(Role.LOOK, Look("diff", "changed", "muted"))
    item.setData(Role.TRAILING, f"+{file.added} \N{MINUS SIGN}{file.removed}")
    item.setToolTip(f"{file.path}: {file.added} lines added, {file.removed} removed {file.note}".strip())
    item.setData(Qt.ItemDataRole.AccessibleTextRole, item.toolTip())
    return item


def _as_shown(line: DiffLine) -> str:
    text = f"{line.sign}{make_visible(line.text)}"
    return text if len(text) <= _LINE_LIMIT else f"{text[:_LINE_LIMIT]} … {len(text) - _LINE_LIMIT:,} more characters"
