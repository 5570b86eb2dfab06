"""What the providers say of their models, asked once each while the dialog is open."""

from collections import Counter

from PySide6.QtCore import QObject, Signal

from slop_qt.core.errors import SlopError
from slop_qt.mma import commands
from slop_qt.mma.settings_shapes import ModelsListed, ProviderRef
from slop_qt.qt.window_context import WindowContext

__all__ = ["ModelLists"]


class ModelLists(QObject):
    """Asks in the background. Lives in the GUI thread.

    Signals:
        changed(str): of this provider something else is known now.
    """

    changed = Signal(str)

    def __init__(self, context: WindowContext, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._lists: dict[str, ModelsListed | None] = {}
        self._asked: Counter[str] = Counter()
        self._error = SlopError("")

    def of(self, provider: str) -> ModelsListed | None:
        """Its models; None until it has answered."""
        return self._lists.get(provider)

    def want(self, provider: str) -> None:
        """Ask it, unless that was done already."""
        if provider not in self._lists:
            self._ask(provider)

    def ask_again(self, provider: str) -> None:
        """Its key is another one now: what it said before, and what is still on its way, counts no more."""
        if provider in self._lists:
            self._ask(provider)

    def show_error(self, error: SlopError) -> None:
        """Keep what went wrong for the answer that is made of it."""
        self._error = error

    def _ask(self, provider: str) -> None:
        self._lists[provider] = None
        self._asked[provider] += 1
        time = self._asked[provider]
        self._context.send(
            self,
            commands.PROVIDER_MODELS,
            ProviderRef(provider=provider),
            lambda listed: self._answered(provider, time, listed),
            lambda: self._answered(provider, time, self._failure()),
        )
        self.changed.emit(provider)

    def _failure(self) -> ModelsListed:
        return ModelsListed(models=(), problem=self._error.message, hint=self._error.hint)

    def _answered(self, provider: str, time: int, listed: ModelsListed) -> None:
        if time == self._asked[provider]:
            self._lists[provider] = listed
            self.changed.emit(provider)
