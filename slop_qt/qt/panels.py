"""A panel as data: what it is called, where it stands at first, and how it is built when first needed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtWidgets import QWidget

from slop_qt.qt.window_context import WindowContext

__all__ = ["Area", "PanelSpec"]

Area = Literal["left", "centre", "right", "bottom"]


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """One panel. Those of one area are tabs on top of each other, in the order of the list."""

    id: str
    title: str
    area: Area
    build: Callable[[WindowContext], QWidget]
