"""Spec or plan: its source at the left, how it reads at the right."""

from functools import partial

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QSplitter, QVBoxLayout, QWidget

from slop_qt.core.visible_text import REPLACED, shown_as
from slop_qt.mma.plan_shapes import DocumentName
from slop_qt.qt.editing.edited_text import EditedText
from slop_qt.qt.status import Look
from slop_qt.qt.throttle import Throttle
from slop_qt.qt.window_context import WindowContext
from slop_qt.qt.words import plural
from slop_qt.widgets.buttons import push_button
from slop_qt.widgets.dialogs import name_answers
from slop_qt.widgets.markdown_view import MarkdownView
from slop_qt.widgets.notice import Notice
from slop_qt.widgets.rendered_block import RenderedBlock
from slop_qt.widgets.source_edit import SourceEdit

__all__ = ["TextPage"]

_RENDER_MS = 250
_TOO_LONG = 200_000  # characters; a longer text is rendered when somebody asks for it
_NAMED = 3
_READ_ONLY = Look("failed", "Cannot be edited", "failed")
_HIDDEN = Look("waiting", "Hidden characters", "waiting")
_LOADING = Look("running", "Reading", "running")


class TextPage(QWidget):
    """Lives in the GUI thread. Hidden, it renders nothing."""

    def __init__(self, context: WindowContext, name: DocumentName, spoken: str) -> None:
        super().__init__()
        self._context = context
        self._spoken = spoken
        self._text: EditedText | None = None
        self._rendering = False
        self._asked_for: EditedText | None = None
        self.setObjectName(f"plan.{name}")
        self.source = SourceEdit(context.theme, f"plan.{name}.source", f"Source of the {name}")
        self.rendering = MarkdownView(context.theme, f"plan.{name}.rendering", f"The {name} as it reads")
        self._state = Notice(context.theme, f"plan.{name}.state", inset=True)
        self._hidden = Notice(context.theme, f"plan.{name}.hidden", inset=True)
        self._long = Notice(context.theme, f"plan.{name}.long", inset=True)
        self._render_now = push_button(f"plan.{name}.render", "Render it", self._ask_for_it, kind="link")
        self._right = self._make_right()
        self.splitter = self._make_splitter()
        self._throttle = Throttle(self._render, _RENDER_MS, self)
        self._throttle.hold()
        self._lay_out()
        self.source.line_in_view.connect(self.rendering.show_line)
        self.rendering.link_wanted.connect(self._link_wanted)

    def show_text(self, text: EditedText | None) -> None:
        """Edit that document."""
        if text is self._text:
            return
        if self._text is not None:
            self._text.changed.disconnect(self._throttle.ask)
            self._text.edited_at.disconnect(self.source.go_to)
        self._text = text
        self.rendering.show_blocks(())
        self.source.show_document(text.document if text is not None else None)
        if text is not None:
            text.changed.connect(self._throttle.ask)
            text.edited_at.connect(self.source.go_to)
            self._throttle.ask()

    def show_state(self, gone: str) -> None:
        """Say whether it can be edited, and why not; gone says that the whole track is no more."""
        text = self._text
        self.source.setReadOnly(text is None or not text.editable or bool(gone))
        problem = gone or (text.base.problem if text is not None else "") or ""
        if problem:
            self._state.say(_READ_ONLY, problem)
        elif text is not None and not text.loaded:
            self._state.say(_LOADING, f"The {text.name} is long; it can be edited in a moment.")
        else:
            self._state.clear()

    def show_halves(self, *, source: bool, rendering: bool) -> None:
        """Show source, rendering or both."""
        self.source.setVisible(source)
        self._right.setVisible(rendering)
        if rendering:
            self._throttle.ask()

    def shown(self) -> None:
        """It can be seen now: catch up."""
        self._throttle.ask()
        self._throttle.let_go()

    def hidden(self) -> None:
        """Nobody sees it."""
        self._throttle.hold()

    def _make_right(self) -> QWidget:
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 12, 0)
        row.addWidget(self._long, 1)
        row.addWidget(self._render_now)
        column.addLayout(row)
        column.addWidget(self.rendering, 1)
        self._render_now.hide()
        return right

    def _make_splitter(self) -> QSplitter:
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.source)
        splitter.addWidget(self._right)
        splitter.setSizes([1000, 1000])
        return splitter

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for notice in (self._state, self._hidden):
            column.addWidget(notice)
        column.addWidget(self.splitter, 1)

    def _ask_for_it(self) -> None:
        self._asked_for = self._text
        self._throttle.ask()

    def _render(self) -> None:
        text = self._text
        if text is None or not text.loaded or self._rendering or self._right.isHidden():
            return
        size = text.document.characterCount()
        long = size > _TOO_LONG and self._asked_for is not text
        self._render_now.setVisible(long)
        if long:
            self._long.say(None, f"It is {size:,} characters long, so it is not rendered while you type.")
            self.rendering.show_blocks(())
            return
        self._long.clear()
        self._asked_for = None
        self._rendering = True
        self._context.start(self._render_text(text))

    async def _render_text(self, text: EditedText) -> None:
        try:
            source = (await text.snapshot(end_typing=False)).text
            blocks, hidden = await self._context.offload.run(partial(_read, source))
        finally:
            self._rendering = False
        if text is not self._text:
            self._throttle.ask()
            return
        self.rendering.show_blocks(blocks)
        if hidden:
            self._hidden.say(_HIDDEN, hidden)
        else:
            self._hidden.clear()

    def _link_wanted(self, address: str) -> None:
        box = QMessageBox(self)
        box.setObjectName("plan.link")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.PlainText)
        if QUrl(address).scheme() in {"http", "https"}:
            box.setWindowTitle("Open a link")
            box.setText(f"Open this address in your browser?\n\n{address}")
            name_answers(box, QMessageBox.StandardButton.Open, QMessageBox.StandardButton.Cancel)
            box.accepted.connect(lambda: QDesktopServices.openUrl(QUrl(address)))
        else:
            box.setWindowTitle("A link that is not opened")
            box.setText(f"Only http and https addresses are opened from here. This one is:\n\n{address}")
            name_answers(box, QMessageBox.StandardButton.Ok)
        box.open()


def _read(source: str) -> tuple[tuple[RenderedBlock, ...], str]:
    """The rendering, and a sentence about characters that an editor does not show."""
    from slop_qt.widgets.markdown_blocks import render_markdown  # here, in a helper thread: it takes its time

    lines = [(number, found) for number, line in enumerate(source.split("\n"), 1) for found in REPLACED.findall(line)]
    lines = [(number, found) for number, found in lines if found != "\r"]
    if not lines:
        return render_markdown(source), ""
    named = ", ".join(f"{shown_as(found)} in line {number:,}" for number, found in lines[:_NAMED])
    more = f" and {len(lines) - _NAMED:,} more" if len(lines) > _NAMED else ""
    return render_markdown(
        source
    ), f"The source has {plural(len(lines), 'character')} that cannot be seen: {named}{more}."
