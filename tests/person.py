"""A person at the window: looks, waits until something is there, and clicks."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QTabBar, QWidget

from slop_qt.engine import Engine
from slop_qt.window import MainWindow

__all__ = ["Onlooker", "Person"]

PICTURES = Path(__file__).parent / "screenshots"
W = TypeVar("W", bound=QWidget)


class Onlooker:
    """Looks at the window. What it waits for has half a minute to come."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 — what a person sees sends no signal
                await asyncio.sleep(0.01)


class Person(Onlooker):
    """Clicks and types, too."""

    def __init__(self, engine: Engine, window: MainWindow) -> None:
        super().__init__(window)
        self.engine = engine

    def find(self, name: str, kind: type[W] = QAbstractButton) -> W | None:  # type: ignore[assignment]
        """The widget of that name that can be seen and used; the newest where there are several."""
        found = [each for each in QApplication.allWidgets() if each.objectName() == name and isinstance(each, kind)]
        usable = [each for each in found if each.isVisible() and each.isEnabled()]
        return usable[-1] if usable else None

    async def see(self, name: str, kind: type[W] = QAbstractButton) -> W:  # type: ignore[assignment]
        """The same, as soon as it is there."""
        await self.until(lambda: self.find(name, kind))
        widget = self.find(name, kind)
        assert widget is not None
        return widget

    async def click(self, name: str) -> None:
        QTest.mouseClick(await self.see(name), Qt.MouseButton.LeftButton)

    async def write(self, name: str, text: str) -> None:
        """Type into a field in place of what is there, and leave it."""
        field = await self.see(name, QWidget)
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(field, text)
        field.clearFocus()

    def go_to(self, title: str) -> None:
        """Click the tab of that panel."""
        for bar in self.window.findChildren(QTabBar):
            for index in range(bar.count()):
                if bar.tabText(index).startswith(title):
                    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(index).center())
                    return
        raise AssertionError(f"there is no tab {title}")

    def drag(self, widget: QWidget, over: QPointF, start: QPointF, end: QPointF) -> None:
        """Move the mouse over a place, press it at `start` and let go at `end`.

        Not by QTest's moves: they run the event loop inside the coroutine that is at work, where others' wake-ups are
        lost.
        """
        pressed, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        move, press, release = QEvent.Type.MouseMove, QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease
        steps = (
            (move, over, none, none),
            (move, start, none, none),
            (press, start, pressed, pressed),
            (move, (start + end) / 2, none, pressed),
            (move, end, none, pressed),
            (release, end, pressed, none),
        )
        for kind, place, button, buttons in steps:
            everywhere = QPointF(widget.mapToGlobal(place.toPoint()))
            event = QMouseEvent(kind, place, everywhere, button, buttons, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(widget, event)

    def picture(self, name: str) -> None:
        PICTURES.mkdir(exist_ok=True)
        assert self.window.grab().save(str(PICTURES / f"{name}.png"))

    @property
    def banner(self) -> str:
        words = self.window.findChild(QWidget, "window.banner.text")
        return words.text() if words is not None and words.isVisible() else ""  # type: ignore[attr-defined]
