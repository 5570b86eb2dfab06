"""The commands `gui.*`: what can be seen and done in the window, from outside."""

import asyncio
import base64
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QIODevice, QObject
from PySide6.QtGui import QImage

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import InvalidInputError, NotFoundError, NotPossibleError, WaitTimedOutError
from slop_qt.core.ports import Offload
from slop_qt.mma import commands, gui_shapes
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.shapes import Nothing
from slop_qt.qt.stalls import StallWatch
from slop_qt.widgets.driving import finding, gestures, reading
from slop_qt.widgets.driving.hand import Hand
from slop_qt.widgets.driving.seeing import can_be_seen

__all__ = ["GuiDesk"]

_LOOK_S = 0.03
# Characters typed in one turn of the loop.
_TYPED_AT_ONCE = 64


class GuiDesk(QObject):
    """Uses and describes the window's widgets. Lives in the GUI thread, made when the window stands."""

    def __init__(self, offload: Offload, complete: Callable[[], None], parent: QObject | None = None) -> None:
        """offload writes pictures; complete builds what of the window is built late otherwise."""
        super().__init__(parent)
        self._offload = offload
        self._complete = complete
        self._hand = Hand(self)
        self._stalls = StallWatch(self)
        self._stalls.start()

    def register(self, registry: CommandRegistry) -> None:
        """Attach the commands."""
        registry.register(commands.GUI_TREE, self._tree)
        registry.register(commands.GUI_CLICK, self._click)
        registry.register(commands.GUI_TYPE, self._type)
        registry.register(commands.GUI_KEY, self._key)
        registry.register(commands.GUI_SELECT, self._select)
        registry.register(commands.GUI_GET, self._get)
        registry.register(commands.GUI_SET, self._set)
        registry.register(commands.GUI_WAIT, self._wait)
        registry.register(commands.GUI_ACTION, self._action)
        registry.register(commands.GUI_SCREENSHOT, self._screenshot)
        registry.register(commands.GUI_STALLS, self._read_stalls)

    async def _tree(self, params: gui_shapes.TreeOf, _: DecidedBy) -> gui_shapes.GuiTree:
        self._complete()
        roots = [finding.widget_named(params.name)] if params.name is not None else finding.windows()
        return gui_shapes.GuiTree(widgets=tuple(finding.tree(root) for root in roots))

    async def _click(self, params: gui_shapes.OfWidget, _: DecidedBy) -> Nothing:
        return await self._do(lambda: gestures.click(finding.widget_named(params.name)))

    async def _type(self, params: gui_shapes.TypeInto, _: DecidedBy) -> Nothing:
        for start in range(0, len(params.text) or 1, _TYPED_AT_ONCE):
            piece = params.text[start : start + _TYPED_AT_ONCE]
            await self._do(partial(_typed, params.name, piece))
        return Nothing()

    async def _key(self, params: gui_shapes.KeyInto, _: DecidedBy) -> Nothing:
        for key, modifiers in gestures.key_combinations(params.keys):
            await self._do(partial(_press, params.name, key, modifiers))
        return Nothing()

    async def _select(self, params: gui_shapes.SelectIn, _: DecidedBy) -> Nothing:
        return await self._do(lambda: gestures.select(finding.widget_named(params.name), params))

    async def _action(self, params: gui_shapes.OfWidget, _: DecidedBy) -> Nothing:
        return await self._do(lambda: gestures.trigger(finding.action_named(params.name)))

    async def _get(self, params: gui_shapes.PropertyOf, _: DecidedBy) -> gui_shapes.GuiValue:
        self._complete()
        return gui_shapes.GuiValue(value=reading.read_property(finding.widget_named(params.name), params.property))

    async def _set(self, params: gui_shapes.SetProperty, _: DecidedBy) -> gui_shapes.GuiValue:
        self._complete()
        widget = finding.widget_named(params.name)
        await self._do(partial(reading.write_property, widget, params.property, params.value))
        return gui_shapes.GuiValue(value=reading.read_property(widget, params.property))

    async def _wait(self, params: gui_shapes.WaitFor, _: DecidedBy) -> gui_shapes.GuiValue:
        self._complete()
        due = None if params.timeout_s is None else time.monotonic() + params.timeout_s
        while (value := _now(params)) != params.equals:
            if due is not None and time.monotonic() >= due:
                message = f"{params.property} of {params.name} is {value!r} after {params.timeout_s:g} s."
                raise WaitTimedOutError(message, state={"value": value})
            await asyncio.sleep(_LOOK_S)  # what a person sees sends no signal that all of it has in common
        return gui_shapes.GuiValue(value=value)

    async def _screenshot(self, params: gui_shapes.TakeScreenshot, _: DecidedBy) -> gui_shapes.Screenshot:
        widget = finding.widget_named(params.name) if params.name is not None else finding.main_window()
        if not can_be_seen(widget):
            raise NotPossibleError(f"{widget.objectName()} is hidden: there is nothing to be seen of it.")
        image = widget.grab().toImage()
        if params.path is None:
            return gui_shapes.Screenshot(png_base64=await self._offload.run(partial(_as_base64, image)))
        path = Path(params.path)
        if not path.is_absolute() or path.suffix.lower() != ".png":
            raise InvalidInputError(f"{params.path} is not an absolute path that ends in .png.")
        if not await self._offload.run(partial(image.save, str(path))):
            raise NotPossibleError(f"{path} cannot be written.", "Check that its folder exists and may be written to.")
        return gui_shapes.Screenshot(path=str(path))

    async def _read_stalls(self, params: gui_shapes.ReadStalls, _: DecidedBy) -> gui_shapes.GuiStalls:
        return await self._offload.run(partial(_summed_up, self._stalls.taken(reset=params.reset)))

    async def _do(self, gesture: Callable[[], object]) -> Nothing:
        self._complete()
        await self._hand.do(gesture)
        return Nothing()


def _typed(name: str, text: str) -> None:
    gestures.typed(finding.widget_named(name), text)


def _press(name: str, key: Any, modifiers: Any) -> None:
    gestures.press(finding.widget_named(name), key, modifiers)


def _now(params: gui_shapes.WaitFor) -> Any:
    """The value, or None as long as there is no such widget."""
    try:
        return reading.read_property(finding.widget_named(params.name), params.property)
    except NotFoundError:
        return None


def _as_base64(image: QImage) -> str:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stubs want bytes, the library text
    return base64.b64encode(buffer.data().data()).decode("ascii")


def _summed_up(late_ms: list[float]) -> gui_shapes.GuiStalls:
    late_ms.sort()
    if not late_ms:
        return gui_shapes.GuiStalls(samples=0, p50_ms=0.0, p99_ms=0.0, max_ms=0.0)
    last = len(late_ms) - 1
    at = {share: round(late_ms[int(share * last)], 3) for share in (0.5, 0.99, 1.0)}
    return gui_shapes.GuiStalls(samples=len(late_ms), p50_ms=at[0.5], p99_ms=at[0.99], max_ms=at[1.0])
