"""What keys do in the graph: walk, step through dependencies, zoom, and the rest that the mouse does too."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from slop_qt.widgets.graph.layout import Edge
from slop_qt.widgets.graph.walking import ARROWS, TypeAhead, next_node

if TYPE_CHECKING:
    from slop_qt.widgets.graph.view import GraphView

__all__ = ["GraphKeys"]

_Act = Callable[[], object]


class GraphKeys:
    """The keyboard's way into one GraphView. Lives in the GUI thread."""

    def __init__(self, view: "GraphView") -> None:
        self._view = view
        self._typed = TypeAhead()
        self._with_control: dict[Qt.Key, _Act] = {
            Qt.Key.Key_Plus: view.zoom_in,
            Qt.Key.Key_Equal: view.zoom_in,
            Qt.Key.Key_Minus: view.zoom_out,
            Qt.Key.Key_0: partial(view.set_zoom, 1.0),
            Qt.Key.Key_9: view.fit,
        }
        self._plain: dict[Qt.Key, _Act] = {
            Qt.Key.Key_Home: partial(self._go_to_end, 0),
            Qt.Key.Key_End: partial(self._go_to_end, -1),
            Qt.Key.Key_Return: view.confirm,
            Qt.Key.Key_Enter: view.confirm,
            Qt.Key.Key_Escape: view.give_up,
            Qt.Key.Key_Delete: view.delete_selected,
            Qt.Key.Key_Backspace: view.delete_selected,
        }

    def press(self, event: QKeyEvent) -> bool:
        """Do what the key is for; whether it is for anything."""
        act = self._act_for(event)
        if act is not None:
            act()
        return act is not None

    def _act_for(self, event: QKeyEvent) -> _Act | None:
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            return self._with_control.get(key)
        if modifiers & Qt.KeyboardModifier.AltModifier:
            return None
        if key in ARROWS:
            shifted = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            return partial(self._step_edges if shifted else self._walk, key)
        if key in self._plain:
            return self._plain[key]
        letters = event.text()
        if not letters.strip() or not letters.isprintable():
            return None
        if letters == "f" and not self._typed.pending and not self._begins_an_id(letters):
            return self._view.fit
        return partial(self._jump, letters)

    def _walk(self, key: Qt.Key) -> None:
        view = self._view
        edge = view.selected_edge
        if edge is not None and key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            view.go_to(edge[0] if key == Qt.Key.Key_Left else edge[1])
            return
        here = view.current
        if here is None:
            self._go_to_end(0)
        else:
            view.go_to(next_node(view.scene, here, key))

    def _step_edges(self, key: Qt.Key) -> None:
        """Through the selected ticket's dependencies: those on others with left and up, then those of others on it."""
        view = self._view
        here = view.current
        if here is None or view.connecting is not None:
            return
        needs: list[Edge] = [(source, here) for source in view.scene.sources(here)]
        edges = [*needs, *((here, target) for target in view.scene.targets(here))]
        if not edges:
            return
        step = -1 if key in {Qt.Key.Key_Left, Qt.Key.Key_Up} else 1
        at = len(needs) - (step < 0)  # where one has not begun: on the edge next to the ticket
        if view.selected_edge in edges:
            at = edges.index(view.selected_edge) + step
        view.select_edge(edges[at % len(edges)])

    def _go_to_end(self, at: int) -> None:
        names = list(self._view.scene.rects)
        if names:
            self._view.go_to(names[at])

    def _jump(self, letters: str) -> None:
        self._view.go_to(self._typed.find(letters, list(self._view.scene.rects)))

    def _begins_an_id(self, letters: str) -> bool:
        return any(name.casefold().startswith(letters) for name in self._view.scene.rects)
