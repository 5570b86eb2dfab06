"""Shows one stream while it grows: text, thinking, tool calls as cards and retries, each in its place."""

from PySide6.QtCore import QMimeData, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextOption,
)
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QWidget

from slop_qt.core.stream_state import StreamState
from slop_qt.qt.theme import Theme
from slop_qt.qt.throttle import Throttle
from slop_qt.qt.words import plural
from slop_qt.widgets.stream_blocks import BlockKind, kind_of, selected_text, stream_text
from slop_qt.widgets.stream_cards import CardPainter, Mark
from slop_qt.widgets.stream_document import StreamDocument

__all__ = ["StreamView"]

_FRAME_MS = 33
_BUDGET = 60_000  # characters written a frame
_LIMIT = 2_500_000  # characters shown at most


class StreamView(QPlainTextEdit):
    """One stream, read only. It follows the end until one scrolls up. Lives in the GUI thread.

    Each refresh costs what is new. At most 2.5 million characters are kept; while it follows the end, the oldest go.

    Signals:
        dropped_changed(int): so many characters of the stream stand before what is shown.
    """

    dropped_changed = Signal(int)

    def __init__(self, theme: Theme, name: str = "stream", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._stream: StreamState | None = None
        self._following = True
        self._moving = False
        self._blocks_seen = 0
        self.setObjectName(f"{name}.text")
        self.setProperty("kind", "view")
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFont(theme.fixed_font())
        self.document().setDocumentMargin(8)
        self._cards = CardPainter(theme, QFontMetricsF(self.font()))
        self._writer = StreamDocument(self.document(), _LIMIT)
        self._throttle = Throttle(self._catch_up, _FRAME_MS, self)
        self._chip = QPushButton(self)
        self._chip.setObjectName(f"{name}.to_end")
        self._chip.setProperty("kind", "primary")
        self._chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is
        self._chip.hide()
        self._chip.clicked.connect(self.follow)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        theme.changed.connect(self._repaint_all)
        self.viewport().setMouseTracking(True)

    @property
    def stream(self) -> StreamState | None:
        """What is shown."""
        return self._stream

    @property
    def following(self) -> bool:
        """Whether the end stays in view."""
        return self._following

    @property
    def behind(self) -> bool:
        """Whether the stream has more than is written here yet."""
        return self._writer.behind

    def show_stream(self, stream: StreamState | None) -> None:
        """Show another stream, from its beginning if it is not very long, at its end."""
        if stream is self._stream:
            self.refresh()
            return
        self._stream = stream
        self._repaint_all()

    def refresh(self) -> None:
        """The stream may have grown: write what is new, soon."""
        self._throttle.ask()

    def hold(self, held: bool) -> None:
        """Write nothing while nobody looks."""
        if held:
            self._throttle.hold()
        else:
            self._throttle.let_go()

    def text(self) -> str:
        """The stream's text as far as it is shown, to the character."""
        return stream_text(self.document())

    def show_thinking(self, shown: bool) -> None:
        """Fold the thinking away, or show it."""
        self._writer.show_thinking(shown)
        self._stay()

    def unfold_all(self, unfolded: bool) -> None:
        """Show the arguments and results of all tool calls, or of none."""
        block = self.document().begin()
        while block.isValid():
            if block.userState() >= 0 and kind_of(block) is BlockKind.CARD:
                self._writer.set_unfolded(block, unfolded)
            block = block.next()
        self._stay()

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._following = True
        if self._chip.hasFocus():
            self.setFocus()
        self._chip.hide()
        self._to_end()
        if self._writer.behind:
            self._throttle.ask()

    def _repaint_all(self) -> None:
        self._following = True
        self._chip.hide()
        self._writer.begin(self._stream, self._theme.tokens)
        self._throttle.ask()

    def _catch_up(self) -> None:
        if not self._following and self._writer.full:
            self._show_chip()
            return
        self._moving = True
        self._writer.write(_BUDGET, self._columns())
        if self._writer.full and self._following:
            self._writer.trim()
            self.dropped_changed.emit(self._writer.dropped)
        self._moving = False
        self.viewport().update()  # a result changes the look of its call's card
        self._stay()
        if self._writer.behind:
            self._throttle.ask()

    def _stay(self) -> None:
        if self._following:
            self._to_end()
        else:
            self._show_chip()

    def _to_end(self) -> None:
        self._moving = True
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
        self._moving = False
        self._blocks_seen = self.blockCount()

    def _scrolled(self, value: int) -> None:
        if self._moving:
            return
        at_end = value >= self.verticalScrollBar().maximum()
        if at_end and not self._following:
            self.follow()
        elif not at_end:
            self._following = False

    def _columns(self) -> int:
        return int(self.viewport().width() / max(QFontMetricsF(self.font()).horizontalAdvance("0"), 1.0)) - 2

    def _show_chip(self) -> None:
        new = self.blockCount() - self._blocks_seen
        behind = self._writer.behind
        self._chip.setVisible(new > 0 or behind)
        if not self._chip.isHidden():
            self._chip.setText("More is written below ↓" if behind else f"{plural(new, 'new line')} ↓")
            self._place_chip()

    def _place_chip(self) -> None:
        self._chip.adjustSize()
        area = self.viewport().geometry()
        self._chip.move(area.center().x() - self._chip.width() // 2, area.bottom() - self._chip.height() - 8)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_chip()
        if self._following:
            self._to_end()

    def createMimeDataFromSelection(self) -> QMimeData:  # noqa: N802 - Qt's spelling
        """What is copied: the characters that were sent, without breaks and replacements of the view's own."""
        data = QMimeData()
        data.setText(selected_text(self.textCursor()))
        return data

    def keyPressEvent(self, event: QKeyEvent) -> None:
        card = self.textCursor().block()
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Space} and self._is_card(card):
            self._toggle(card)
            return
        if event.matches(QKeySequence.StandardKey.MoveToEndOfDocument):
            self.follow()
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        card = self.cursorForPosition(event.position().toPoint()).block()
        inside = self._rect_of(card).contains(event.position())
        clicked = event.button() is Qt.MouseButton.LeftButton and not self.textCursor().hasSelection()
        if clicked and inside and self._is_card(card):
            self._toggle(card)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        card = self.cursorForPosition(event.position().toPoint()).block()
        over = self._is_card(card) and self._rect_of(card).contains(event.position())
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.IBeamCursor)

    def _is_card(self, block: QTextBlock) -> bool:
        return block.isValid() and block.userState() >= 0 and kind_of(block) is BlockKind.CARD

    def _toggle(self, card: QTextBlock) -> None:
        self._moving = True
        self._writer.set_unfolded(card, not self._writer.is_unfolded(card))
        self._moving = False
        self._following = self.verticalScrollBar().value() >= self.verticalScrollBar().maximum()
        self._blocks_seen = self.blockCount()
        self.viewport().update()

    def _rect_of(self, block: QTextBlock) -> QRectF:
        return self.blockBoundingGeometry(block).translated(self.contentOffset())

    def paintEvent(self, event: QPaintEvent) -> None:
        marks, width = self._marks_in_view(), self.viewport().width()
        with QPainter(self.viewport()) as painter:
            self._cards.paint_below(painter, marks, width)
        super().paintEvent(event)
        with QPainter(self.viewport()) as painter:
            self._cards.paint_above(painter, marks, width, self.devicePixelRatioF())

    def _marks_in_view(self) -> list[Mark]:
        marks = []
        block = self.firstVisibleBlock()
        running = self._stream is not None and not self._stream.closed
        while block.isValid():
            rect = self._rect_of(block)
            if rect.top() > self.viewport().height():
                break
            kind = kind_of(block) if block.userState() >= 0 and block.isVisible() else BlockKind.TEXT
            if kind is BlockKind.CARD:
                call = self._writer.call_of(block)
                result = self._writer.result_of(call) if call is not None else None
                marks.append(Mark(block, kind, rect, call, result, running))
            elif kind in {BlockKind.DETAIL, BlockKind.RETRY}:
                marks.append(Mark(block, kind, rect))
            block = block.next()
        return marks
