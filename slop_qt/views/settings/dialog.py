"""The settings dialog: models of the tiers, keys, model servers on this machine, and what was remembered."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QFrame, QScrollArea, QTabWidget, QWidget

from slop_qt.core.errors import NotPossibleError, SlopError
from slop_qt.core.settings import ModelChoice
from slop_qt.core.streams import tier_name
from slop_qt.mma import commands
from slop_qt.mma.settings_shapes import SettingsShown
from slop_qt.mma.shapes import Nothing
from slop_qt.qt.window_context import WindowContext
from slop_qt.views.settings.keys_page import KeysPage
from slop_qt.views.settings.model_lists import ModelLists
from slop_qt.views.settings.models_page import ModelsPage
from slop_qt.views.settings.rules_page import RulesPage
from slop_qt.views.settings.servers_page import ServersPage
from slop_qt.widgets.banner import Banner
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.dialogs import frame_dialog

__all__ = ["SettingsDialog"]

_NOTE = "Changes count for agents that start from now on; those that are at work keep their model. Kept in {path}"


class SettingsDialog(QDialog):
    """Reads the settings when it is made, and saves what was changed when it is accepted. Lives in the GUI thread.

    Closed in the middle of a request, it hears no more of it.
    """

    def __init__(self, context: WindowContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._shown: SettingsShown | None = None
        self._saving = False
        column, self._sure = frame_dialog(self, "Settings", "settings", "Save")
        self._lists = ModelLists(context, self)
        self._banner = Banner(context.theme, "settings.banner")
        self._models = ModelsPage(context.theme, self._lists)
        self._keys = KeysPage(context)
        self._servers = ServersPage(context)
        self._rules = RulesPage(context)
        self._tabs = QTabWidget()
        self._tabs.setObjectName("settings.pages")
        self._tabs.setAccessibleName("Pages of the settings")
        self._tabs.setDocumentMode(True)
        for page, words in (
            (self._models, "&Models"),
            (self._keys, "&Keys"),
            (self._servers, "&Local servers"),
            (self._rules, "&Rules"),
        ):
            self._tabs.addTab(_scrolled(page), words)
        self._tabs.tabBar().setObjectName("settings.pages.bar")
        self._tabs.tabBar().setAccessibleName("Pages of the settings")
        self._note = muted_label("Reading your settings…")
        self._note.setObjectName("settings.note")
        self._note.setWordWrap(True)
        for widget in (self._banner, self._tabs, self._note):
            column.addWidget(widget)
        self.resize(780, 580)
        self._models.changed.connect(self._refresh)
        self._keys.settings_changed.connect(self._key_changed)
        self._servers.wanted.connect(self._use)
        self._tabs.setEnabled(False)
        self._refresh()
        context.send(self, commands.SETTINGS_SHOW, Nothing(), self._show_settings)
        self._servers.look()
        self._rules.look()

    def show_error(self, error: SlopError) -> None:
        """Say above all pages what went wrong."""
        self._banner.show_error(error)

    def accept(self) -> None:
        """Save, and close when that is done."""
        typed, lacking = self._keys.unsaved(), self._models.lacks()
        if typed is not None:
            self._tabs.setCurrentIndex(1)
            typed.set_focus()
            self.show_error(
                NotPossibleError(
                    f"A key for {typed.label} is typed and not saved.", "Save it beside its field, or clear the field."
                )
            )
        elif self._shown is not None and not lacking and not self._saving:
            self._saving = True
            self._refresh()
            self._context.send(self, commands.SETTINGS_SAVE, self._models.changes(), self._saved, self._not_saved)

    def _show_settings(self, shown: SettingsShown) -> None:
        self._shown = shown
        self._tabs.setEnabled(True)
        self._note.setText(_NOTE.format(path=shown.path))
        self._models.show_settings(shown)
        self._keys.show_settings(shown)
        self._refresh()
        if self._tabs.currentIndex() == 0:
            self._models.set_focus()

    def _refresh(self) -> None:
        """Whether it can be saved, and why not."""
        lacking = self._models.lacks() if self._shown is not None else "Your settings are not read yet."
        self._sure.setEnabled(self._shown is not None and not lacking and not self._saving)
        self._sure.setText("Saving…" if self._saving else "Save")
        self._sure.setToolTip(lacking)

    def _saved(self, _: SettingsShown) -> None:
        super().accept()

    def _not_saved(self) -> None:
        self._saving = False
        self._refresh()

    def _key_changed(self, provider: str, shown: SettingsShown) -> None:
        self._models.show_providers(shown.providers)
        self._keys.show_settings(shown)
        self._lists.ask_again(provider)

    def _use(self, tiers: tuple[int, ...], choice: ModelChoice) -> None:
        for tier in tiers:
            self._models.choose(tier, choice)
        who = tier_name(tiers[0]) if len(tiers) == 1 else "Every tier"
        self._banner.show_offer(f"{who} will ask {choice.model} of {choice.provider} once you save.")


def _scrolled(page: QWidget) -> QScrollArea:
    """The page, to be scrolled where it does not fit. It has no focus: its fields do."""
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
