"""Parameters and results of `gui.*`: the window's own widgets, seen and used from outside."""

from typing import Annotated, Any, Self

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from slop_qt.core.shape import Shape

__all__ = [
    "Geometry",
    "GuiStalls",
    "GuiTree",
    "GuiValue",
    "GuiWidget",
    "KeyInto",
    "OfWidget",
    "PropertyOf",
    "ReadStalls",
    "Screenshot",
    "SelectIn",
    "SetProperty",
    "TakeScreenshot",
    "TreeOf",
    "TypeInto",
    "WaitFor",
]


class OfWidget(Shape):
    """A widget, menu or menu action by its object name."""

    name: Annotated[str, Field(min_length=1)]


class TreeOf(Shape):
    """Everything below a widget; None for all windows."""

    name: str | None = None


class TypeInto(OfWidget):
    """Text, as a keyboard would give it; a line break is the return key."""

    text: str


class KeyInto(OfWidget):
    """Keys as menus write them: `Ctrl+Return`, `Escape`, or several after each other, `Ctrl+A, Delete`."""

    keys: Annotated[str, Field(min_length=1)]


class SelectIn(OfWidget):
    """A row, from 0, or the text that stands in it: exactly one of them."""

    row: Annotated[int, Field(ge=0)] | None = None
    text: str | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.row is None) == (self.text is None):
            raise ValueError("give row or text, and not both")
        return self


class PropertyOf(OfWidget):
    """A Qt property of a widget, or one of rows, row, text, value, accessible_name, keyboard and focused.

    Those say the same of every kind of widget: keyboard is how it is reached, `tab`, `arrows`, `menu` or null; focused
    is the name of what has the keyboard in the widget's window.
    """

    property: Annotated[str, Field(min_length=1)]


class SetProperty(PropertyOf):
    """The same with a new value."""

    value: JsonValue


class WaitFor(PropertyOf):
    """Wait until it has that value, for timeout_s seconds at most (None: for ever); the widget may not be there yet."""

    equals: JsonValue
    timeout_s: Annotated[float, Field(ge=0)] | None = None


class TakeScreenshot(Shape):
    """Of a widget, or of the main window; written to path as PNG, or answered where there is no path."""

    name: str | None = None
    path: str | None = None


class ReadStalls(Shape):
    """reset forgets what was measured so far, after it was answered."""

    reset: bool = False


class Geometry(Shape):
    """In logical pixels; x and y within the widget's window, of a window on the screen."""

    x: int
    y: int
    width: int
    height: int


class GuiWidget(Shape):
    """A widget that has a name or could be used, and those in it. An empty name is a mistake of the application.

    text is what stands on it; value what is chosen or set in it: a state, a number, a text, the chosen row's text.
    visible is whether a person could see it, or could by scrolling.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    name: str
    kind: Annotated[str, Field(alias="class")]
    text: str | None
    value: JsonValue
    enabled: bool
    visible: bool
    geometry: Geometry
    children: "tuple[GuiWidget, ...]"


class GuiTree(Shape):
    """The widgets asked for, with what is in them."""

    widgets: tuple[GuiWidget, ...]


class GuiValue(Shape):
    """A property's value; what JSON has no word for comes as text."""

    value: JsonValue


# What the serializer makes, which pydantic cannot tell from it: one of the two.
_SCREENSHOT = {"type": "object", "properties": {"path": {"type": "string"}, "png_base64": {"type": "string"}}}
_PathOrPicture = Annotated[dict[str, Any], WithJsonSchema(_SCREENSHOT)]


class Screenshot(Shape):
    """Where the picture is, or the picture."""

    path: str | None = None
    png_base64: str | None = None

    @model_serializer(mode="wrap")
    def _one_of_them(self, dump: SerializerFunctionWrapHandler) -> _PathOrPicture:
        return {name: value for name, value in dump(self).items() if value is not None}


class GuiStalls(Shape):
    """How late the GUI thread's own timer came, in milliseconds, over that many ticks; 0 where there are none."""

    samples: int
    p50_ms: float
    p99_ms: float
    max_ms: float
