"""How one goes through a graph by keyboard: along its edges, to neighbours, and by typing an id."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QElapsedTimer, QRectF, Qt
from PySide6.QtGui import QGuiApplication

from slop_qt.widgets.graph.scene import GraphScene

__all__ = ["ARROWS", "TypeAhead", "next_node"]

_AHEAD: dict[Qt.Key, Callable[[QRectF, QRectF], bool]] = {
    Qt.Key.Key_Left: lambda start, other: other.right() <= start.left(),
    Qt.Key.Key_Right: lambda start, other: other.left() >= start.right(),
    Qt.Key.Key_Up: lambda start, other: other.bottom() <= start.top(),
    Qt.Key.Key_Down: lambda start, other: other.top() >= start.bottom(),
}
ARROWS = frozenset(_AHEAD)


def next_node(scene: GraphScene, here: str, key: Qt.Key) -> str | None:
    """The ticket to which an arrow key leads: left and right along the edges first, else to what is nearest there."""
    start = scene.rects[here]
    along = {Qt.Key.Key_Left: scene.sources(here), Qt.Key.Key_Right: scene.targets(here)}.get(key, ())
    ahead = _AHEAD[key]
    candidates: Sequence[str] = [name for name in along if ahead(start, scene.rects[name])]
    if not candidates:
        candidates = [name for name, rect in scene.rects.items() if ahead(start, rect)]
    sideways = 1.0 if key in {Qt.Key.Key_Left, Qt.Key.Key_Right} else 3.0  # up and down stay in their layer

    def distance(name: str) -> float:
        way = scene.rects[name].center() - start.center()
        return abs(way.x()) * sideways + abs(way.y())

    return min(candidates, key=distance, default=None)


class TypeAhead:
    """Letters typed within the system's time for this are one word; the ids that begin with it come first."""

    def __init__(self) -> None:
        self._typed = ""
        self._since = QElapsedTimer()

    @property
    def pending(self) -> bool:
        """Whether a word has been begun."""
        patience = QGuiApplication.styleHints().keyboardInputInterval()
        return bool(self._typed) and self._since.isValid() and not self._since.hasExpired(patience)

    def find(self, letters: str, ids: Sequence[str]) -> str | None:
        """The ticket that is meant once these have been typed too."""
        self._typed = self._typed + letters.casefold() if self.pending else letters.casefold()
        self._since.restart() if self._since.isValid() else self._since.start()
        folded = [(each.casefold(), each) for each in ids]
        beginning = (each for fold, each in folded if fold.startswith(self._typed))
        inside = (each for fold, each in folded if self._typed in fold)
        return next(beginning, next(inside, None))
