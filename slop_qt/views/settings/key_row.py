"""One provider's key in the settings: where it is, and a field to try, keep or remove one."""

from pydantic import SecretStr
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from slop_qt.core.errors import SlopError
from slop_qt.mma import commands
from slop_qt.mma.settings_shapes import ProviderRef, ProviderStatus, ProviderTried, SetKey, SettingsShown, TryProvider
from slop_qt.qt.status import Look
from slop_qt.qt.window_context import WindowContext
from slop_qt.views.settings.words import (
    ASKING,
    DONE,
    FAILED,
    KEPT,
    REMOVING,
    SAVING,
    key_look,
    key_words,
    standing_words,
)
from slop_qt.widgets.buttons import muted_label, push_button
from slop_qt.widgets.fields import SecretField
from slop_qt.widgets.notice import Notice
from slop_qt.widgets.status_chip import StatusChip

__all__ = ["KeyRow"]


class KeyRow(QFrame):
    """Lives in the GUI thread. A typed key is in its field and nowhere else, until it is saved or the dialog closes.

    Signals:
        settings_changed(str, SettingsShown): the key of this provider was saved or removed.
    """

    settings_changed = Signal(str, object)

    def __init__(self, context: WindowContext, provider: ProviderStatus, no_keyring: str | None) -> None:
        super().__init__()
        name = f"settings.key.{provider.name}"
        self.setObjectName(name)
        self.setProperty("kind", "card")
        self._context = context
        self._provider = provider
        self._no_keyring = no_keyring
        self._busy = False
        self._where, self._address = muted_label(), muted_label(provider.base_url)
        self._chip = StatusChip(context.theme)
        self._notice = Notice(context.theme, f"{name}.notice")
        self._field = SecretField(f"{name}.field", f"Key for {provider.label}", "Paste a key")
        self._test = push_button(f"{name}.test", "Test", self._try)
        self._save = push_button(f"{name}.save", "Save key", self._keep)
        self._remove = push_button(f"{name}.remove", "Remove", self._forget)
        self._lay_out()
        self._field.textChanged.connect(self._edited)
        self._field.returnPressed.connect(self._test.click)
        self.show_provider(provider, no_keyring)

    @property
    def provider(self) -> str:
        """Whose key it is, by name."""
        return self._provider.name

    @property
    def label(self) -> str:
        """Whose key it is, for people."""
        return self._provider.label

    @property
    def unsaved(self) -> bool:
        """Whether there is a key in the field that would be lost."""
        return bool(self._typed)

    def set_focus(self) -> None:
        """Let the person go on here."""
        self._field.setFocus()

    def show_provider(self, provider: ProviderStatus, no_keyring: str | None) -> None:
        """Say where its key is now."""
        self._provider = provider
        self._no_keyring = no_keyring
        self._chip.show_look(key_look(provider))
        self._where.setText(key_words(provider))
        self._say_standing()
        self._refresh()

    def show_error(self, error: SlopError) -> None:
        """Say here what went wrong."""
        self._notice.say(FAILED, error.message, error.hint)

    def _lay_out(self) -> None:
        name = QLabel(self._provider.label)
        name.setProperty("kind", "heading")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(name)
        head.addWidget(self._address, 1)
        head.addWidget(self._chip)
        head.addWidget(self._where)
        actions = QHBoxLayout()
        actions.setSpacing(8)
        actions.addWidget(self._field, 1)
        for button in (self._test, self._save, self._remove):
            actions.addWidget(button)
            button.setAutoDefault(False)
            button.setAccessibleName(f"{button.text()}: {self._provider.label}")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addLayout(actions)
        column.addWidget(self._notice)

    @property
    def _typed(self) -> str:
        return self._field.text().strip()

    def _refresh(self) -> None:
        """What can be done now, and why the rest cannot."""
        key, label = self._provider.key, self._provider.label
        known = key != "missing"
        self._test.setEnabled(not self._busy and (bool(self._typed) or known))
        self._test.setToolTip(
            f"Ask {label} whether it takes {'what is typed' if self._typed else 'the key that is set'}."
        )
        self._save.setEnabled(not self._busy and bool(self._typed) and self._no_keyring is None)
        self._save.setToolTip(self._no_keyring or "Keep it in the system keyring. It is never shown again.")
        self._remove.setEnabled(not self._busy and key == "keyring")
        self._remove.setToolTip(
            "Remove it from the system keyring." if key == "keyring" else standing_words(self._provider)
        )
        self._remove.setVisible(key in {"keyring", "environment"})

    def _edited(self) -> None:
        """What was said of another key says nothing of this one."""
        self._say_standing()
        self._refresh()

    def _say_standing(self) -> None:
        words = standing_words(self._provider)
        if words:
            self._notice.say(None, words)
        else:
            self._notice.clear()

    def _start(self, look: Look, sentence: str) -> None:
        self._busy = True
        self._field.setReadOnly(True)
        self._notice.say(look, sentence)
        self._refresh()

    def _stop(self) -> None:
        self._busy = False
        self._field.setReadOnly(False)
        self._refresh()

    def _try(self) -> None:
        self._start(ASKING, f"{self._provider.label}…")
        key = SecretStr(self._typed) if self._typed else None
        params = TryProvider(provider=self._provider.name, key=key)
        self._context.send(self, commands.PROVIDER_TRY, params, self._tried, self._stop)

    def _tried(self, tried: ProviderTried) -> None:
        self._notice.say(DONE if tried.ok else FAILED, tried.message, tried.hint)
        self._stop()

    def _keep(self) -> None:
        self._start(SAVING, "it in the system keyring…")
        params = SetKey(provider=self._provider.name, key=SecretStr(self._typed))
        self._context.send(self, commands.SETTINGS_SET_KEY, params, self._kept, self._stop)

    def _kept(self, shown: SettingsShown) -> None:
        self._field.wipe()
        self._changed(shown, "It is in the system keyring, and not shown again.")

    def _forget(self) -> None:
        self._start(REMOVING, "it from the system keyring…")
        params = ProviderRef(provider=self._provider.name)
        self._context.send(self, commands.SETTINGS_FORGET_KEY, params, self._forgotten, self._stop)

    def _forgotten(self, shown: SettingsShown) -> None:
        self._changed(shown, "It is no longer in the system keyring.")

    def _changed(self, shown: SettingsShown, sentence: str) -> None:
        self._stop()
        self.settings_changed.emit(self._provider.name, shown)
        still = ""
        if self._provider.key == "environment":
            still = f"The one from {self._provider.key_variable or 'the environment'} goes before it."
        self._notice.say(KEPT, sentence, still)
