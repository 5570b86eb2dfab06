"""The settings' page of keys: a row for each provider that wants one."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from slop_qt.mma.settings_shapes import SettingsShown
from slop_qt.qt.window_context import WindowContext
from slop_qt.views.settings.key_row import KeyRow
from slop_qt.views.settings.words import NO_KEYRING
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.notice import Notice

__all__ = ["KeysPage"]

_WORDS = "The environment goes before the system keyring. Keys are never shown again, and never written to a file."


class KeysPage(QWidget):
    """Lives in the GUI thread.

    Signals:
        settings_changed(str, SettingsShown): the key of this provider was saved or removed.
    """

    settings_changed = Signal(str, object)

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self._context = context
        self._rows: dict[str, KeyRow] = {}
        self._no_keyring = Notice(context.theme, "settings.no_keyring")
        words = muted_label(_WORDS)
        words.setWordWrap(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 12, 12, 12)
        self._column.setSpacing(8)
        self._column.addWidget(words)
        self._column.addWidget(self._no_keyring)
        self._column.addStretch(1)

    def show_settings(self, shown: SettingsShown) -> None:
        """Say where the keys are; what is typed stays typed."""
        if shown.no_keyring is not None:
            self._no_keyring.say(NO_KEYRING, shown.no_keyring)
        else:
            self._no_keyring.clear()
        for provider in shown.providers:
            if provider.name in self._rows:
                self._rows[provider.name].show_provider(provider, shown.no_keyring)
            elif provider.key != "unneeded" or provider.key_variable is not None:
                self._add(KeyRow(self._context, provider, shown.no_keyring))

    def unsaved(self) -> KeyRow | None:
        """A row with a key that would be lost."""
        return next((row for row in self._rows.values() if row.unsaved), None)

    def _add(self, row: KeyRow) -> None:
        self._rows[row.provider] = row
        row.settings_changed.connect(self.settings_changed)
        self._column.insertWidget(self._column.count() - 1, row)
