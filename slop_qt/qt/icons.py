"""The one family of icons: drawn once as SVG files, tinted when they are needed, sharp at every scale."""

from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap, QPixmapCache
from PySide6.QtSvg import QSvgRenderer

from slop_qt.core.errors import ConfigurationError

__all__ = ["ICON_SIZE", "IconSet"]

ICON_SIZE = 16
_SCALES = (1, 2, 3)


class IconSet:
    """The files `<name>.svg` of one folder, in any colour. Lives in the GUI thread.

    What was rendered is kept in Qt's own cache: the window of the next project has another theme, and the same icons.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._renderers: dict[str, QSvgRenderer] = {}
        self._icons: dict[tuple[str, str, str], QIcon] = {}

    def pixmap(self, name: str, color: str, size: int = ICON_SIZE, scale: float = 1.0) -> QPixmap:
        """The icon in that colour (`#RRGGBB`), size logical pixels square, for a screen of that device pixel ratio.

        Raises:
            ConfigurationError: the installation lacks the file.
        """
        key = f"{self._folder}/{name} {color} {size} {scale}"
        pixmap = QPixmap()
        if not QPixmapCache.find(key, pixmap):
            pixmap = self._render(name, QColor(color), size, scale)
            QPixmapCache.insert(key, pixmap)
        return pixmap

    def icon(self, name: str, color: str, disabled: str) -> QIcon:
        """The icon with a pixmap for each usual scale, and another colour for what cannot be used now."""
        key = (name, color, disabled)
        if key not in self._icons:
            icon = QIcon()
            for scale in _SCALES:
                icon.addPixmap(self.pixmap(name, color, scale=scale), QIcon.Mode.Normal)
                icon.addPixmap(self.pixmap(name, disabled, scale=scale), QIcon.Mode.Disabled)
            self._icons[key] = icon
        return self._icons[key]

    def untinted(self, name: str) -> QIcon:
        """The file in its own colours: the application's icon."""
        icon = QIcon()
        for size in (16, 24, 32, 48, 64, 128, 256):
            icon.addPixmap(self._paint(name, size, 1.0))
        return icon

    def _render(self, name: str, color: QColor, size: int, scale: float) -> QPixmap:
        pixmap = self._paint(name, size, scale)
        with QPainter(pixmap) as painter:
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
            painter.fillRect(QRectF(0, 0, size, size), color)
        return pixmap

    def _paint(self, name: str, size: int, scale: float) -> QPixmap:
        renderer = self._renderer(name)  # first: an error must not leave a painter behind that outlives its pixmap
        pixels = round(size * scale)
        pixmap = QPixmap(QSize(pixels, pixels))
        pixmap.setDevicePixelRatio(scale)
        pixmap.fill(Qt.GlobalColor.transparent)
        with QPainter(pixmap) as painter:
            renderer.render(painter, QRectF(0, 0, size, size))
        return pixmap

    def _renderer(self, name: str) -> QSvgRenderer:
        if name not in self._renderers:
            path = self._folder / f"{name}.svg"
            try:
                renderer = QSvgRenderer(QByteArray(path.read_bytes()))
            except OSError as error:
                raise ConfigurationError(f"The icon {path} cannot be read.", "Install slop_qt again.") from error
            self._renderers[name] = renderer
        return self._renderers[name]
