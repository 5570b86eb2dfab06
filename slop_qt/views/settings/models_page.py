"""The settings' page of models: one for each tier, and how long providers keep what they cache."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from slop_qt.core.conversation import CacheTtl
from slop_qt.core.settings import ModelChoice
from slop_qt.core.streams import TIERS, tier_name
from slop_qt.mma.settings_shapes import ProviderStatus, SaveSettings, SettingsShown
from slop_qt.qt.theme import Theme
from slop_qt.views.settings.model_lists import ModelLists
from slop_qt.views.settings.tier_row import TierRow
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.fields import CalmBox, NamedRow

__all__ = ["ModelsPage"]

_TTL_WORDS: dict[CacheTtl, str] = {"5m": "5 minutes", "1h": "1 hour"}
_TTL_PRICE = (
    "Where a provider lets one choose, as Anthropic does: what is kept 5 minutes costs a quarter more than other input "
    "to write, what is kept an hour twice as much. Reading it costs a tenth either way."
)


class ModelsPage(QWidget):
    """Lives in the GUI thread.

    Signals:
        changed: something else is chosen now.
    """

    changed = Signal()

    def __init__(self, theme: Theme, lists: ModelLists) -> None:
        super().__init__()
        self._shown: SettingsShown | None = None
        today = datetime.now(UTC).date()
        self._rows = {tier: TierRow(theme, tier, lists, today) for tier in TIERS}
        self._ttl = CalmBox(theme, "settings.cache_ttl", "Keep cached prompts for")
        self._ttl.setMinimumContentsLength(10)
        self._ttl.fill([NamedRow(_TTL_WORDS[each], id=each) for each in get_args(CacheTtl)])
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        for row in self._rows.values():
            column.addWidget(row)
            row.changed.connect(self.changed)
        column.addWidget(self._caching())
        column.addStretch(1)

    def show_settings(self, shown: SettingsShown) -> None:
        """Start from these; what was changed before is forgotten."""
        self._shown = shown
        self.show_providers(shown.providers)
        for tier, row in self._rows.items():
            if tier in shown.tiers:
                row.choose(shown.tiers[tier])
        self._ttl.choose(shown.cache_ttl)

    def show_providers(self, providers: Sequence[ProviderStatus]) -> None:
        """Have these to choose from."""
        for row in self._rows.values():
            row.show_providers(providers)

    def set_focus(self) -> None:
        """Let the person begin."""
        next(iter(self._rows.values())).set_focus()

    def choose(self, tier: int, choice: ModelChoice) -> None:
        """Let a tier ask that."""
        self._rows[tier].choose(choice)

    def lacks(self) -> str:
        """Why this cannot be saved, in a sentence; empty where it can."""
        without = [tier_name(tier) for tier, row in self._rows.items() if row.choice() is None]
        return f"{', '.join(without)}: choose a model first." if without else ""

    def changes(self) -> SaveSettings:
        """What is to be written: only tiers that the person changed, so that what holds for this process alone (from
        the command line) does not end up in the file."""
        assert self._shown is not None
        chosen = {tier: row.choice() for tier, row in self._rows.items()}
        tiers = {
            tier: each for tier, each in chosen.items() if each is not None and each != self._shown.tiers.get(tier)
        }
        ttl: CacheTtl = "1h" if self._ttl.chosen == "1h" else "5m"
        return SaveSettings(tiers=tiers, cache_ttl=ttl)

    def _caching(self) -> QFrame:
        card = QFrame()
        card.setProperty("kind", "card")
        name = QLabel("Keep cached prompts for")
        name.setProperty("kind", "heading")
        name.setBuddy(self._ttl)
        price = muted_label(_TTL_PRICE)
        price.setWordWrap(True)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(name)
        head.addWidget(self._ttl)
        head.addStretch(1)
        column = QVBoxLayout(card)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(price)
        return card
