"""What stands where in the picture of a graph: for painting what is visible and finding what is pointed at."""

from collections.abc import Iterator, Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF
from PySide6.QtGui import QPainterPath, QPainterPathStroker

from slop_qt.widgets.graph.layout import NODE_HEIGHT, NODE_WIDTH, Edge, GraphLayout, Point, lay_out

__all__ = ["GraphScene"]

_SIZE = QSizeF(NODE_WIDTH, NODE_HEIGHT)


class GraphScene:
    """One laid out graph, in its own pixels. Never changed: another graph is another scene."""

    def __init__(self, depends_on: Mapping[str, Sequence[str]]) -> None:
        self.layout: GraphLayout = lay_out(depends_on)
        self.rects: Mapping[str, QRectF] = {
            name: QRectF(QPointF(*corner), _SIZE) for name, corner in self.layout.nodes.items()
        }
        self._paths = {edge: _path(points) for edge, points in self.layout.edges.items()}
        self._bounds = {edge: path.boundingRect().adjusted(-1, -1, 1, 1) for edge, path in self._paths.items()}
        self._sources: dict[str, list[str]] = {name: [] for name in self.rects}
        self._targets: dict[str, list[str]] = {name: [] for name in self.rects}
        for source, target in self.layout.edges:
            self._targets[source].append(target)
            self._sources[target].append(source)

    @property
    def size(self) -> QSizeF:
        """How large the whole picture is."""
        return QSizeF(self.layout.width, self.layout.height)

    def sources(self, name: str) -> Sequence[str]:
        """The tickets on which this one depends."""
        return self._sources.get(name, ())

    def targets(self, name: str) -> Sequence[str]:
        """The tickets that depend on this one."""
        return self._targets.get(name, ())

    def path(self, edge: Edge) -> QPainterPath:
        """The line of an edge, from its source to its target."""
        return self._paths[edge]

    def nodes_in(self, area: QRectF) -> Iterator[tuple[str, QRectF]]:
        """Tickets of which some part is in the area."""
        return ((name, rect) for name, rect in self.rects.items() if rect.intersects(area))

    def edges_in(self, area: QRectF) -> Iterator[Edge]:
        """Edges that may be seen in the area."""
        return (edge for edge, bounds in self._bounds.items() if bounds.intersects(area))

    def node_at(self, point: QPointF) -> str | None:
        """The ticket at that point."""
        return next((name for name, rect in self.rects.items() if rect.contains(point)), None)

    def edges_at(self, point: QPointF, tolerance: float) -> list[Edge]:
        """The edges that pass there; several where they share their way."""
        around = QRectF(point - QPointF(tolerance, tolerance), QSizeF(2 * tolerance, 2 * tolerance))
        stroker = QPainterPathStroker()
        stroker.setWidth(2 * tolerance)
        return [edge for edge in self.edges_in(around) if stroker.createStroke(self._paths[edge]).contains(point)]

    def related(self, name: str | None) -> set[str]:
        """The ticket, all that it depends on and all that depends on it, through others too."""
        if name is None or name not in self.rects:
            return set()
        return _reach(name, self._sources) | _reach(name, self._targets)


def _path(points: Sequence[Point]) -> QPainterPath:
    path = QPainterPath(QPointF(*points[0]))
    for number in range(0, len(points) - 1, 2):
        (x1, y1), (x2, y2) = points[number], points[number + 1]
        if number:
            path.lineTo(x1, y1)
        if y1 == y2:
            path.lineTo(x2, y2)
        else:
            middle = (x1 + x2) / 2
            path.cubicTo(middle, y1, middle, y2, x2, y2)
    return path


def _reach(start: str, ways: Mapping[str, Sequence[str]]) -> set[str]:
    reached = {start}
    todo = [start]
    for name in todo:  # grows on the way
        fresh = [other for other in ways[name] if other not in reached]
        reached.update(fresh)
        todo += fresh
    return reached
