"""One tier in the settings: which model of which provider it asks, and what is known of that model."""

from collections.abc import Sequence
from datetime import date

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel

from slop_qt.core.settings import ModelChoice
from slop_qt.core.streams import TIER_ROLES, tier_name
from slop_qt.mma.settings_shapes import ProviderStatus
from slop_qt.qt.theme import Theme
from slop_qt.views.settings.model_lists import ModelLists
from slop_qt.views.settings.words import ASKING, NO_KEY, NO_MODEL, model_notice, model_rows, provider_rows
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.fields import CalmBox, NameBox, NamedRow
from slop_qt.widgets.notice import Notice

__all__ = ["TierRow"]

_EDGE, _CORNER = 3, 6
_NAME_WIDTH = 148
_TASKS = {
    1: "cuts an epic into tracks",
    2: "cuts a track into tickets",
    3: "works on one ticket",
    4: "explains what failed",
}


class TierRow(QFrame):
    """Lives in the GUI thread.

    Signals:
        changed: it is another choice now.
    """

    changed = Signal()

    def __init__(self, theme: Theme, tier: int, lists: ModelLists, today: date) -> None:
        super().__init__()
        self.setObjectName(f"settings.tier{tier}")
        self.setProperty("kind", "card")
        self._theme = theme
        self._tier = tier
        self._lists = lists
        self._today = today
        self._providers: dict[str, ProviderStatus] = {}
        self._rows: list[NamedRow] = []
        self._models: dict[str, str] = {}
        spoken = f"{tier_name(tier)} {TIER_ROLES[tier]}"
        self._provider = CalmBox(theme, f"settings.tier{tier}.provider", f"{spoken}: provider")
        self._model = NameBox(theme, f"settings.tier{tier}.model", f"{spoken}: model", "Choose or type a model")
        self._notice = Notice(theme, f"settings.tier{tier}.notice")
        self._lay_out(spoken)
        self._provider.currentIndexChanged.connect(self._provider_chosen)
        self._model.name_changed.connect(self._model_changed)
        lists.changed.connect(self._listed)
        theme.changed.connect(self.update)

    def show_providers(self, providers: Sequence[ProviderStatus]) -> None:
        """Have these to choose from; what is chosen stays chosen."""
        self._providers = {each.name: each for each in providers}
        self._rows = provider_rows(providers)
        self._offer(self._provider.chosen)
        self._say()

    def choose(self, choice: ModelChoice) -> None:
        """Show this as chosen, whether anybody has heard of it or not."""
        self._models[choice.provider] = choice.model
        self._offer(choice.provider)
        with QSignalBlocker(self._provider):
            self._provider.choose(choice.provider)
        self._provider_chosen()

    def choice(self) -> ModelChoice | None:
        """What is chosen; None as long as that is no model of a provider."""
        provider, model = self._provider.chosen, self._model.chosen
        return ModelChoice(provider=provider, model=model) if provider and model else None

    def set_focus(self) -> None:
        """Let the person begin here."""
        self._provider.setFocus()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            inside = QPainterPath()
            inside.addRoundedRect(QRectF(self.rect()), _CORNER, _CORNER)
            painter.setClipPath(inside)
            painter.fillRect(0, 0, _EDGE, self.height(), self._theme.color(f"tier{self._tier}"))

    def _lay_out(self, spoken: str) -> None:
        name = QLabel(spoken)
        name.setProperty("kind", "heading")
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 12, 8)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.addWidget(name, 0, 0)
        grid.addWidget(self._provider, 0, 1)
        grid.addWidget(self._model, 0, 2)
        grid.addWidget(muted_label(_TASKS[self._tier]), 1, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._notice, 1, 1, 1, 2, Qt.AlignmentFlag.AlignTop)
        grid.setColumnMinimumWidth(0, _NAME_WIDTH)
        grid.setColumnStretch(1, 2)
        grid.setColumnStretch(2, 3)

    def _offer(self, chosen: str) -> None:
        """Fill the list of providers; one that is chosen and unknown is in it too."""
        known = not chosen or any(row.id == chosen for row in self._rows)
        self._provider.fill(self._rows if known else [*self._rows, NamedRow(chosen, "unknown", id=chosen)])

    def _provider_chosen(self) -> None:
        provider = self._provider.chosen
        with QSignalBlocker(self._model):
            self._model.fill([])
            self._model.choose(self._models.get(provider, ""))
        if provider:
            self._lists.want(provider)
            self._listed(provider)
        self.changed.emit()

    def _model_changed(self) -> None:
        self._models[self._provider.chosen] = self._model.chosen
        self._say()
        self.changed.emit()

    def _listed(self, provider: str) -> None:
        if provider != self._provider.chosen:
            return
        listed = self._lists.of(provider)
        if listed is not None:
            self._model.fill(model_rows(listed.models, self._today))
        self._say()

    def _say(self) -> None:
        provider, model = self._provider.chosen, self._model.chosen
        status, listed = self._providers.get(provider), self._lists.of(provider)
        label = status.label if status is not None else provider
        if not provider:
            self._notice.clear()
        elif listed is None:
            self._notice.say(ASKING, f"{label} for its models…")
        elif status is not None and status.key == "missing":
            self._notice.say(NO_KEY, f"{label} wants a key: enter it on the page Keys.")
        elif not model:
            self._notice.say(NO_MODEL, f"Choose a model of {label}, or type its name.", listed.problem, listed.hint)
        else:
            self._notice.say(*model_notice(listed, label, model, self._today))
