"""The settings' page of model servers on this machine: which answer now, and what to do where none does."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from slop_qt.core.errors import SlopError
from slop_qt.mma import commands
from slop_qt.mma.settings_shapes import LocalServers
from slop_qt.mma.shapes import Nothing
from slop_qt.qt.window_context import WindowContext
from slop_qt.qt.words import plural
from slop_qt.views.settings.server_card import ServerCard, StartCard
from slop_qt.views.settings.words import FAILED, FOUND, LOOKING, NOT_FOUND
from slop_qt.widgets.buttons import push_button
from slop_qt.widgets.notice import Notice

__all__ = ["ServersPage"]


class ServersPage(QWidget):
    """Lives in the GUI thread.

    Signals:
        wanted(tuple[int, ...], ModelChoice): these tiers shall ask that.
    """

    wanted = Signal(object, object)

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self._context = context
        self._cards: list[ServerCard] = []
        self._notice = Notice(context.theme, "settings.servers.notice")
        self._again = push_button("settings.servers.look", "Look again", self.look)
        self._again.setAutoDefault(False)
        self._none = StartCard(context.theme)
        self._none.hide()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._notice, 1, Qt.AlignmentFlag.AlignVCenter)
        head.addWidget(self._again)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 12, 12, 12)
        self._column.setSpacing(8)
        self._column.addLayout(head)
        self._column.addWidget(self._none)
        self._column.addStretch(1)

    def look(self) -> None:
        """Ask this machine's ports."""
        self._again.setEnabled(False)
        self._notice.say(LOOKING, "for Ollama, LM Studio and llama.cpp on this machine…")
        self._context.send(self, commands.PROVIDER_FIND_LOCAL, Nothing(), self._found, self._failed)

    def show_error(self, error: SlopError) -> None:
        """Say here what went wrong."""
        self._notice.say(FAILED, error.message, error.hint)

    def _failed(self) -> None:
        self._again.setEnabled(True)

    def _found(self, found: LocalServers) -> None:
        self._again.setEnabled(True)
        for card in self._cards:
            self._column.removeWidget(card)
            card.deleteLater()
        self._cards = [ServerCard(self._context.theme, server) for server in found.servers]
        for card in self._cards:
            card.wanted.connect(self.wanted)
            self._column.insertWidget(self._column.count() - 1, card)
        self._none.setVisible(not found.servers)
        if found.servers:
            self._notice.say(FOUND, f"{plural(len(found.servers), 'server')} on this machine. No key is needed.")
        else:
            self._notice.say(NOT_FOUND, "No model server answers on this machine. Start one, then look again:")
