"""Pictures of widgets, kept in tests/screenshots for who looks at them."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

__all__ = ["FOLDER", "keep", "rendered", "take"]

FOLDER = Path(__file__).parents[1] / "screenshots"
_TURNS = 5


def rendered(widget: QWidget) -> QImage:
    """The widget as it looks when everything is done that was begun: layouts, paints, and what was to be deleted."""
    for _ in range(_TURNS):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    scale = widget.devicePixelRatioF()
    image = QImage(widget.size() * scale, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(scale)
    widget.render(image)
    return image


def keep(image: QImage, name: str) -> QImage:
    """Write it as `name.png`, or `name-200%.png` at that scale. Returns it."""
    FOLDER.mkdir(exist_ok=True)
    scale = image.devicePixelRatio()
    suffix = "" if scale == 1 else f"-{scale:.0%}"
    assert image.save(str(FOLDER / f"{name}{suffix}.png"), quality=80)  # of PNG: packed fast
    return image


def take(widget: QWidget, name: str) -> QImage:
    """Take a picture of it, and keep that under the name."""
    return keep(rendered(widget), name)
