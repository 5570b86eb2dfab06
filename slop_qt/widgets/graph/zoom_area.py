"""A view of something larger than itself, at any size: scrolled, dragged, zoomed by wheel, keys and pinch."""

import math

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QNativeGestureEvent, QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QGestureEvent, QPinchGesture, QWidget

__all__ = ["ZoomArea"]

_LEAST, _MOST = 0.1, 2.0
_STEP = 1.25
_PER_DEGREE = 1.0015  # an eighth of a degree, as wheels count
_LEAST_AT_FIRST = 0.4
_EDGE = 24.0
_SCROLL_STEP = 40


class ZoomArea(QAbstractScrollArea):
    """Content of a size, in its own pixels, that a subclass paints under `transform()`. Lives in the GUI thread.

    What is smaller than the view stands in its middle. As long as nobody zooms by hand, all of it is kept in view.

    Signals:
        zoom_changed(float): 1.0 is one pixel of content for each of the view.
    """

    zoom_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = QSizeF()
        self._zoom = 1.0
        self._is_fitted = True
        self._least_fit = _LEAST_AT_FIRST
        self._grabbed: QPoint | None = None
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.viewport().setMouseTracking(True)
        self.viewport().grabGesture(Qt.GestureType.PinchGesture)

    @property
    def zoom(self) -> float:
        """How large a pixel of the content is."""
        return self._zoom

    def set_content_size(self, size: QSizeF, *, fresh: bool) -> None:
        """The content is that large now; fresh: it is something else than before, and to be seen from its start."""
        self._content = size
        if fresh:
            self._is_fitted, self._least_fit = True, _LEAST_AT_FIRST
        self._keep_fitted()
        if fresh:
            self.horizontalScrollBar().setValue(0)
            self.verticalScrollBar().setValue(0)

    def zoom_in(self) -> None:
        """A step larger."""
        self.set_zoom(self._zoom * _STEP)

    def zoom_out(self) -> None:
        """A step smaller."""
        self.set_zoom(self._zoom / _STEP)

    def fit(self) -> None:
        """Small enough to see all of it, but not larger than it is."""
        self._is_fitted, self._least_fit = True, _LEAST
        self._keep_fitted()

    def set_zoom(self, zoom: float, anchor: QPointF | None = None) -> None:
        """Zoom; the point of the view (its middle, if none is given) stays over what it is over."""
        self._is_fitted = False
        self._set_zoom(zoom, anchor)

    def transform(self) -> QTransform:
        """From the content's pixels to the view's."""
        origin = self._origin()
        return QTransform(self._zoom, 0, 0, self._zoom, origin.x(), origin.y())

    def to_content(self, point: QPointF) -> QPointF:
        """A point of the view in the content."""
        return (point - self._origin()) / self._zoom

    def visible_area(self) -> QRectF:
        """What can be seen of the content."""
        return QRectF(self.to_content(QPointF()), QSizeF(self.viewport().size()) / self._zoom)

    def reveal(self, rect: QRectF) -> None:
        """Scroll so that this part of the content can be seen, with something around it."""
        shown = self.transform().mapRect(rect).adjusted(-_EDGE, -_EDGE, _EDGE, _EDGE)
        view = QRectF(self.viewport().rect())
        for bar, low, high, end in (
            (self.horizontalScrollBar(), shown.left(), shown.right(), view.right()),
            (self.verticalScrollBar(), shown.top(), shown.bottom(), view.bottom()),
        ):
            if low < 0 or high - low > end:
                bar.setValue(bar.value() + round(low))
            elif high > end:
                bar.setValue(bar.value() + round(high - end))

    def scroll_by(self, way: QPointF) -> None:
        """Move the view over the content, that many pixels of the view."""
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + round(way.x()))
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() + round(way.y()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keep_fitted()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(self._zoom * _PER_DEGREE ** event.angleDelta().y(), event.position())
            event.accept()
        else:
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self.set_zoom(self._zoom * (1.0 + event.value()), event.position())
                return True
        elif isinstance(event, QGestureEvent):
            pinch = event.gesture(Qt.GestureType.PinchGesture)
            if isinstance(pinch, QPinchGesture):
                place = QPointF(self.viewport().mapFromGlobal(pinch.centerPoint().toPoint()))
                self.set_zoom(self._zoom * pinch.scaleFactor(), place)
                return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self.grab_content(event.position().toPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grabbed is not None:
            place = event.position().toPoint()
            self.scroll_by(QPointF(self._grabbed - place))
            self._grabbed = place

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        if self._grabbed is not None:
            self._grabbed = None
            self.viewport().unsetCursor()

    def grab_content(self, place: QPoint) -> None:
        """Let the mouse, which is pressed there, drag the content until it is released."""
        self._grabbed = place
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def _origin(self) -> QPointF:
        """Where the content's top left corner is in the view."""
        spare = QSizeF(self.viewport().size()) - self._content * self._zoom
        x = spare.width() // 2 if spare.width() > 0 else -self.horizontalScrollBar().value()
        y = spare.height() // 2 if spare.height() > 0 else -self.verticalScrollBar().value()
        return QPointF(x, y)

    def _keep_fitted(self) -> None:
        if self._is_fitted and not self._content.isEmpty():
            room = self.maximumViewportSize()
            fits = min(room.width() / self._content.width(), room.height() / self._content.height(), 1.0)
            self._set_zoom(max(fits, self._least_fit), None)
        self._update_bars()

    def _set_zoom(self, zoom: float, anchor: QPointF | None) -> None:
        zoom = min(max(zoom, _LEAST), _MOST)
        place = anchor if anchor is not None else QRectF(self.viewport().rect()).center()
        kept = self.to_content(place)
        changed = zoom != self._zoom
        self._zoom = zoom
        self._update_bars()
        self.scroll_by(self.transform().map(kept) - place)
        self.viewport().update()
        if changed:
            self.zoom_changed.emit(zoom)

    def _update_bars(self) -> None:
        """Computed from the room without bars: setting one can hide the other, in the middle of this."""
        size, room = self._content * self._zoom, self.maximumViewportSize()
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        is_tall = size.height() > room.height()
        is_wide = size.width() > room.width() - is_tall * down.sizeHint().width()
        is_tall = size.height() > room.height() - is_wide * across.sizeHint().height()
        pages = (
            (across, size.width(), room.width() - is_tall * down.sizeHint().width()),
            (down, size.height(), room.height() - is_wide * across.sizeHint().height()),
        )
        for bar, length, page in pages:
            bar.setPageStep(page)
            bar.setSingleStep(_SCROLL_STEP)
            bar.setRange(0, max(0, math.ceil(length) - page))
