"""A model server on this machine, with what a tier may ask of it; or, where there is none, how to start one."""

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout

from slop_qt.core.settings import ModelChoice
from slop_qt.core.streams import TIER_ROLES, TIERS, tier_name
from slop_qt.mma.settings_shapes import LocalServer
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import plural
from slop_qt.widgets.buttons import icon_button, muted_label, push_button
from slop_qt.widgets.fields import CalmBox, NamedRow

__all__ = ["ServerCard", "StartCard"]

_PROGRAMS = (
    ("Ollama", "ollama serve", "Models come with: ollama pull NAME"),
    ("LM Studio", "lms server start", "Or start the server on its Developer page."),
    ("llama.cpp", "llama-server -m model.gguf --jinja --port 8080", "--jinja lets the model call tools."),
)


class ServerCard(QFrame):
    """One server that answers. Lives in the GUI thread.

    Signals:
        wanted(tuple[int, ...], ModelChoice): these tiers shall ask that.
    """

    wanted = Signal(object, object)

    def __init__(self, theme: Theme, server: LocalServer) -> None:
        super().__init__()
        self._server = server
        name = f"settings.server.{server.provider}"
        self.setObjectName(name)
        self.setProperty("kind", "card")
        title = QLabel(server.label)
        title.setProperty("kind", "heading")
        title.setTextFormat(Qt.TextFormat.PlainText)
        self._models = CalmBox(theme, f"{name}.model", f"Model of {server.label}")
        self._models.fill([NamedRow(model) for model in server.models])
        self._models.setCurrentIndex(0)
        self._models.setVisible(bool(server.models))
        use = push_button(f"{name}.use", "Use for", lambda: None)
        use.setAutoDefault(False)
        use.setEnabled(bool(server.models))
        use.setMenu(self._menu(name, use))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(title)
        head.addWidget(muted_label(server.base_url), 1)
        head.addWidget(muted_label(plural(len(server.models), "model") if server.models else "no model is loaded"))
        actions = QHBoxLayout()
        actions.setSpacing(8)
        actions.addWidget(self._models, 1)
        actions.addWidget(use)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addLayout(actions)

    def _menu(self, name: str, use: QPushButton) -> QMenu:
        menu = QMenu(use)
        menu.setObjectName(f"{name}.tiers")
        menu.setAccessibleName("Tiers")
        for tier in TIERS:
            action = menu.addAction(f"{tier_name(tier)} {TIER_ROLES[tier]}", partial(self._want, tier))
            action.setObjectName(f"{name}.tier{tier}")
        menu.addSeparator()
        menu.addAction("All tiers", partial(self._want, *TIERS)).setObjectName(f"{name}.all_tiers")
        return menu

    def _want(self, *tiers: int) -> None:
        self.wanted.emit(tiers, ModelChoice(provider=self._server.provider, model=self._models.chosen))


class StartCard(QFrame):
    """What to start where no server answers: a command each, to be copied. Lives in the GUI thread."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("settings.servers.none")
        self.setProperty("kind", "card")
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 8, 8)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for number, (program, command, more) in enumerate(_PROGRAMS):
            title = QLabel(program)
            title.setProperty("kind", "heading")
            line = QLabel(command)
            line.setFont(theme.fixed_font())
            line.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            copy = icon_button(
                theme,
                f"settings.servers.copy.{number}",
                "copy",
                f"Copy the command for {program}",
                partial(QGuiApplication.clipboard().setText, command),
            )
            grid.addWidget(title, 2 * number, 0)
            grid.addWidget(line, 2 * number, 1)
            grid.addWidget(copy, 2 * number, 2)
            grid.addWidget(muted_label(more), 2 * number + 1, 1)
        grid.setColumnStretch(1, 1)
