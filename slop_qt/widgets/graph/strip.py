"""The strip above the graph: how large it is shown, and a line for what is being done with it."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton

from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import icon_button, muted_label
from slop_qt.widgets.graph.view import GraphView

__all__ = ["GraphStrip"]


class GraphStrip(QFrame):
    """Belongs to one GraphView. Lives in the GUI thread."""

    def __init__(self, theme: Theme, view: GraphView) -> None:
        super().__init__()
        self._view = view
        self.setObjectName("graph.strip")
        self.setProperty("kind", "strip")
        self._hint = muted_label()
        self._hint.setObjectName("graph.hint")
        self._hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._add = icon_button(theme, "graph.add", "plus", "Add ticket", lambda: view.add_wanted.emit(""))
        self._zoom = QToolButton()
        self._zoom.setObjectName("graph.zoom")
        self._zoom.setToolTip("Show at 100% (Ctrl+0)")
        self._zoom.setMinimumWidth(self._zoom.fontMetrics().horizontalAdvance("200%") + 12)
        self._zoom.clicked.connect(lambda: view.set_zoom(1.0))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 2)
        row.setSpacing(4)
        row.addWidget(self._add)
        row.addWidget(self._hint, 1)
        row.addWidget(icon_button(theme, "graph.zoom_out", "minus", "Zoom out (Ctrl+-)", view.zoom_out))
        row.addWidget(self._zoom)
        row.addWidget(icon_button(theme, "graph.zoom_in", "plus", "Zoom in (Ctrl++)", view.zoom_in))
        row.addWidget(icon_button(theme, "graph.fit", "fit", "Fit the graph (F or Ctrl+9)", view.fit))
        view.zoom_changed.connect(self._show_zoom)
        view.hint_changed.connect(self._show_hint)
        self._show_zoom(view.zoom)
        self.refresh()

    def refresh(self) -> None:
        """Offer what can be done now."""
        self._add.setVisible(self._view.is_editable)

    def _show_zoom(self, zoom: float) -> None:
        words = f"{zoom:.0%}"
        self._zoom.setText(words)
        self._zoom.setAccessibleName(f"Zoom: {words}. Show at 100%")

    def _show_hint(self, words: str) -> None:
        self._hint.setText(words)
        self._hint.setToolTip(words)
