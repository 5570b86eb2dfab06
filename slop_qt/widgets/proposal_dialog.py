"""Tier 1's proposal: each track's title, spec and plan, to be edited and accepted."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from slop_qt.core.tracks import TrackDraft
from slop_qt.qt.theme import Theme
from slop_qt.widgets.dialogs import frame_dialog

__all__ = ["ProposalDialog"]


class _DraftPage(QWidget):
    """One proposed track, editable. Lives in the GUI thread."""

    def __init__(self, theme: Theme, number: int, draft: TrackDraft) -> None:
        super().__init__()
        self._draft = draft
        self.wanted = QCheckBox("Accept this track")
        self.wanted.setObjectName(f"proposal.wanted.{number}")
        self.wanted.setChecked(True)
        self.title = QLineEdit(draft.title)
        self.title.setObjectName(f"proposal.title.{number}")
        self.title.setAccessibleName("Title")
        self._spec = self._editor(theme, f"proposal.spec.{number}", "Spec", draft.spec)
        self._plan = self._editor(theme, f"proposal.plan.{number}", "Plan", draft.plan)
        tabs = QTabWidget()
        tabs.setObjectName(f"proposal.pages.{number}")
        tabs.setAccessibleName("Spec and plan")
        tabs.setDocumentMode(True)
        tabs.addTab(self._spec, "Spec")
        tabs.addTab(self._plan, "Plan")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(tabs, 1)
        column.addWidget(self.wanted)

    def draft(self) -> TrackDraft:
        """As it is now."""
        return TrackDraft(
            title=self.title.text().strip(),
            type=self._draft.type,
            spec=self._spec.toPlainText(),
            plan=self._plan.toPlainText(),
        )

    @staticmethod
    def _editor(theme: Theme, name: str, words: str, text: str) -> QPlainTextEdit:
        editor = QPlainTextEdit(text)
        editor.setObjectName(name)
        editor.setAccessibleName(words)
        editor.setProperty("kind", "editor")
        editor.setFont(theme.fixed_font())
        editor.setTabChangesFocus(True)
        return editor


class ProposalDialog(QDialog):
    """Lives in the GUI thread.

    Signals:
        tracks_accepted(tuple[TrackDraft, ...]): these shall be written.
    """

    tracks_accepted = Signal(object)

    def __init__(self, theme: Theme, drafts: Sequence[TrackDraft], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column, self._sure = frame_dialog(self, "Proposed tracks", "proposal", "Accept")
        self._pages = [_DraftPage(theme, number, draft) for number, draft in enumerate(drafts)]
        words = QLabel("Edit what you like. Accepting writes these tracks to conductor/; nothing runs yet.")
        words.setWordWrap(True)
        self._list = QListWidget()
        self._list.setObjectName("proposal.list")
        self._list.setAccessibleName("Proposed tracks")
        self._list.setFixedWidth(200)
        self._list.setVisible(len(drafts) > 1)
        stack = QStackedWidget()
        for page in self._pages:
            self._list.addItem(page.title.text())
            stack.addWidget(page)
            page.title.textChanged.connect(self._check)
            page.wanted.toggled.connect(self._check)
        self._list.currentRowChanged.connect(stack.setCurrentIndex)
        self._list.setCurrentRow(0)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._list)
        row.addWidget(stack, 1)
        column.addWidget(words)
        column.addLayout(row, 1)
        self.resize(820, 560)
        self.accepted.connect(self._accept)
        self._check()

    def _check(self) -> None:
        for row, page in enumerate(self._pages):
            self._list.item(row).setText(page.title.text())
        wanted = [page for page in self._pages if page.wanted.isChecked()]
        self._sure.setEnabled(bool(wanted) and all(page.title.text().strip() for page in wanted))

    def _accept(self) -> None:
        self.tracks_accepted.emit(tuple(page.draft() for page in self._pages if page.wanted.isChecked()))
