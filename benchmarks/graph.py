"""How long a ticket graph takes from its tickets to a painted picture, against the bare drawing of the same shapes.

The floor is given where everything stands, and draws it: a path and an arrow for each edge; a card, an icon and the
same texts for each ticket. Prints [size, seconds of ours, seconds of the layout in it, seconds of the floor], as JSON.
"""

import json
import random
import time

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QApplication

from slop_qt.core.tickets import Ticket
from slop_qt.qt.theme import Theme
from slop_qt.qt.ticket_model import TicketModel
from slop_qt.qt.ticket_notes import notes
from slop_qt.store.resources import resource_path
from slop_qt.widgets.graph.layout import lay_out
from slop_qt.widgets.graph.scene import GraphScene
from slop_qt.widgets.graph.view import GraphView

_SIZES = (100, 300, 1000)
_REPETITIONS = 7
_PART = 30
_STAGE = 6


def _tickets(size: int) -> list[Ticket]:
    """In parts of thirty, six of them at a time, each on one to three of the six before."""
    chance = random.Random(1)
    names = [f"T-{number:04}" for number in range(size)]
    tickets = []
    for at, name in enumerate(names):
        start = at - at % _PART % _STAGE
        before = names[start - _STAGE : start] if at % _PART >= _STAGE else []
        needs = tuple(chance.sample(before, min(len(before), chance.choice((1, 2, 2, 3)))))
        tickets.append(Ticket(id=name, title=f"Do what {name} asks for", brief="", depends_on=needs))
    return tickets


def _ours(theme: Theme, tickets: list[Ticket]) -> float:
    """From nothing to the whole picture at its own size."""
    began = time.perf_counter()
    model = TicketModel()
    view = GraphView(theme, model)
    view.resize(1280, 800)
    model.set_tickets(tickets, notes(tickets, None))
    view.set_zoom(1.0)
    view.resize(view.scene.size.toSize())
    image = QImage(view.size(), QImage.Format.Format_RGB32)
    view.render(image)
    elapsed = time.perf_counter() - began
    view.deleteLater()
    model.deleteLater()
    return elapsed


def _floor(theme: Theme, tickets: list[Ticket]) -> float:
    scene = GraphScene({ticket.id: ticket.depends_on for ticket in tickets})
    icon = theme.pixmap("idle", "idle", 1.0)
    began = time.perf_counter()
    image = QImage(scene.size.toSize(), QImage.Format.Format_RGB32)
    image.fill(theme.color("panel"))
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(small=True))
        painter.setPen(QPen(theme.color("idle"), 1.0))
        for edge in scene.layout.edges:
            path = scene.path(edge)
            end = path.currentPosition()
            painter.drawPath(path)
            painter.drawPolygon(QPolygonF([end, end - QPointF(6, 3.5), end - QPointF(6, -3.5)]))
        for ticket in tickets:
            rect: QRectF = scene.rects[ticket.id]
            painter.drawRoundedRect(rect, 6, 6)
            painter.drawPixmap(rect.topLeft() + QPointF(9, 4), icon)
            for text, left, top in ((ticket.id, 30, 15), ("Pending", 120, 15), (ticket.title, 9, 31), ("Waits", 9, 47)):
                painter.drawText(rect.topLeft() + QPointF(left, top), text)
    return time.perf_counter() - began


def _layout(tickets: list[Ticket]) -> float:
    began = time.perf_counter()
    lay_out({ticket.id: ticket.depends_on for ticket in tickets})
    return time.perf_counter() - began


def _main() -> None:
    app = QApplication([])
    theme = Theme(app, resource_path("icons"), "light")
    measured = []
    for size in _SIZES:
        tickets = _tickets(size)
        for repetition in range(_REPETITIONS + 1):
            numbers = [size, _ours(theme, tickets), _layout(tickets), _floor(theme, tickets)]
            if repetition:  # the first one warms up
                measured.append(numbers)
    print(json.dumps(measured))


if __name__ == "__main__":
    _main()
