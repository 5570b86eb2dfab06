"""One limit as a bar: what is spent, what is set aside for requests under way, what is left; in words and numbers."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from slop_qt.core.budgets import BudgetScope
from slop_qt.qt.theme import Theme
from slop_qt.qt.words import count, dollars, plural, short_count

__all__ = ["BudgetMeter", "money_words", "scope_sentence", "token_words", "used_up"]

_BAR_HEIGHT = 6
_GAP = 4
_LEAST_WIDTH = 160
# From here on the bar is in the colour of what waits: a few requests more, and nothing is sent.
_NEARLY = 0.9
_ASIDE_ALPHA = 110


@dataclass(frozen=True, slots=True)
class _Share:
    """Of a limit: what is spent, and that with what is set aside, as parts of 1; both may be more."""

    spent: float
    taken: float


def money_words(scope: BudgetScope) -> str:
    """`$1.20 spent, $0.40 set aside`; `at least` where the price of something is not known."""
    spent = f"{'at least ' if scope.unpriced else ''}{dollars(scope.spent_usd)} spent"
    return f"{spent}, {dollars(scope.reserved_usd)} set aside" if scope.reserved_usd else spent


def token_words(scope: BudgetScope, number: Callable[[int], str] = count) -> str:
    """`12,000 tokens spent, 8,000 set aside`."""
    spent = f"{number(scope.spent_tokens)} tokens spent"
    return f"{spent}, {number(scope.reserved_tokens)} set aside" if scope.reserved_tokens else spent


def _money_left(scope: BudgetScope) -> str:
    if scope.limit_usd is None:
        return "no limit in money"
    left = max(0.0, scope.limit_usd - scope.spent_usd - scope.reserved_usd)
    return f"{dollars(left)} left of {dollars(scope.limit_usd)}"


def _tokens_left(scope: BudgetScope, number: Callable[[int], str] = count) -> str:
    if scope.limit_tokens is None:
        return "no limit in tokens"
    left = max(0, scope.limit_tokens - scope.spent_tokens - scope.reserved_tokens)
    return f"{number(left)} left of {number(scope.limit_tokens)} tokens"


def scope_sentence(scope: BudgetScope) -> str:
    """All of it: spent, set aside and left, in money and in tokens, and what is not known."""
    unpriced = (
        f" The price of {plural(scope.unpriced, 'response')} is not known, and not in the money."
        if scope.unpriced
        else ""
    )
    money, tokens = f"{_money_left(scope)}: {money_words(scope)}", f"{_tokens_left(scope)}: {token_words(scope)}"
    return f"{money[0].upper()}{money[1:]}. {tokens[0].upper()}{tokens[1:]}.{unpriced}"


def used_up(scope: BudgetScope) -> bool:
    """Whether nothing more can be sent."""
    return any(share.taken >= 1 for share in _shares(scope))


def _shares(scope: BudgetScope) -> list[_Share]:
    money = _share(scope.spent_usd, scope.reserved_usd, scope.limit_usd)
    tokens = _share(scope.spent_tokens, scope.reserved_tokens, scope.limit_tokens)
    return [share for share in (money, tokens) if share is not None]


def _share(spent: float, reserved: float, limit: float | None) -> _Share | None:
    if limit is None:
        return None
    return _Share(spent / limit, (spent + reserved) / limit) if limit > 0 else _Share(1.0, 1.0)


class BudgetMeter(QWidget):
    """What is left above a bar, what is spent and set aside below it, of the nearer limit of the two.

    Lives in the GUI thread.
    """

    def __init__(self, theme: Theme, name: str, title: str) -> None:
        super().__init__()
        self._theme = theme
        self._title = title
        self._scope = BudgetScope()
        self.setObjectName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)
        self._say()

    @property
    def left(self) -> str:
        """What stands above the bar, beside its title."""
        if self._scope.limit_usd is None and self._scope.limit_tokens is None:
            return "no limit"
        return _tokens_left(self._scope, short_count) if self._of_tokens() else _money_left(self._scope)

    @property
    def taken(self) -> str:
        """What stands below the bar."""
        return token_words(self._scope, short_count) if self._of_tokens() else money_words(self._scope)

    def _of_tokens(self) -> bool:
        scope = self._scope
        money = _share(scope.spent_usd, scope.reserved_usd, scope.limit_usd)
        tokens = _share(scope.spent_tokens, scope.reserved_tokens, scope.limit_tokens)
        if tokens is None and money is None:
            return bool(scope.unpriced) and not scope.spent_usd  # nothing is known in money
        return tokens is not None and (money is None or tokens.taken > money.taken)

    def show_scope(self, scope: BudgetScope) -> None:
        """Show where that limit stands."""
        if scope != self._scope:
            self._scope = scope
            self._say()
            self.update()

    def _say(self) -> None:
        sentence = scope_sentence(self._scope)
        self.setAccessibleName(f"{self._title}: {self.left}, {self.taken}")
        self.setAccessibleDescription(sentence)
        self.setToolTip(sentence)

    def sizeHint(self) -> QSize:
        return QSize(240, 2 * self._text_height() + 2 * _GAP + _BAR_HEIGHT)

    def _text_height(self) -> int:
        return QFontMetrics(self._theme.font(small=True)).height()

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_WIDTH, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            self._paint_words(painter)
            share = max(_shares(self._scope), key=lambda each: each.taken, default=None)
            self._paint_bar(painter, share)

    def _paint_words(self, painter: QPainter) -> None:
        height = self._text_height()
        above = QRect(0, 0, self.width(), height)
        below = QRect(0, self.height() - height, self.width(), height)
        painter.setFont(self._theme.font(small=True))
        painter.setPen(self._theme.color("muted"))
        self._write(painter, above, self._title, Qt.AlignmentFlag.AlignLeft)
        self._write(painter, below, self.taken, Qt.AlignmentFlag.AlignLeft)
        above.setLeft(painter.fontMetrics().horizontalAdvance(self._title) + 2 * _GAP)
        painter.setFont(self._theme.font(small=True, strong=True))
        painter.setPen(self._theme.color("text"))
        self._write(painter, above, self.left, Qt.AlignmentFlag.AlignRight)

    def _write(self, painter: QPainter, area: QRect, words: str, side: Qt.AlignmentFlag) -> None:
        fitting = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter, fitting)

    def _paint_bar(self, painter: QPainter, share: _Share | None) -> None:
        bar = QRect(0, self._text_height() + _GAP, self.width(), _BAR_HEIGHT)
        painter.fillRect(bar, self._theme.color("line"))
        if share is None:
            return
        color = self._theme.color("failed" if share.taken >= 1 else "waiting" if share.taken >= _NEARLY else "accent")
        spent = round(bar.width() * min(1.0, share.spent))
        reserved = round(bar.width() * min(1.0, share.taken)) - spent
        painter.fillRect(QRect(bar.left(), bar.top(), spent, bar.height()), color)
        tint = QColor(color)
        tint.setAlpha(_ASIDE_ALPHA)
        painter.fillRect(QRect(bar.left() + spent, bar.top(), reserved, bar.height()), tint)
