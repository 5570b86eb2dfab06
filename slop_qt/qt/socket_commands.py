"""The socket's own methods: what concerns one connection and is therefore not in the registry of commands."""

from typing import Annotated

from pydantic import Field

from slop_qt.core.errors import InvalidInputError
from slop_qt.core.events import EVENT_KINDS
from slop_qt.core.shape import Shape
from slop_qt.mma.command_registry import Command
from slop_qt.mma.shapes import AppInfo, Nothing

__all__ = ["APP_HELLO", "EVENTS_SUBSCRIBE", "EVENTS_UNSUBSCRIBE", "Hello", "Subscribe", "Subscribed"]


class Hello(Shape):
    """The first request's only parameter."""

    token: str


class Subscribe(Shape):
    """Which kinds of events (None: all), from which seq on (None: from now on)."""

    kinds: tuple[str, ...] | None = None
    from_seq: Annotated[int, Field(ge=0)] | None = None

    def wanted(self) -> frozenset[str]:
        """The kinds that are to be sent.

        Raises:
            InvalidInputError: one of them does not exist; the message names those that do.
        """
        if self.kinds is None:
            return frozenset(EVENT_KINDS)
        unknown = [kind for kind in self.kinds if kind not in EVENT_KINDS]
        if unknown:
            raise InvalidInputError(
                f"There is no event kind {unknown[0]!r}. Kinds that exist: {', '.join(EVENT_KINDS)}."
            )
        return frozenset(self.kinds)


class Subscribed(Shape):
    """The newest committed seq; without from_seq, everything after it will be sent."""

    seq: int


APP_HELLO = Command("app.hello", Hello, AppInfo, "observe", "Say who you are, and learn who answers.")
EVENTS_SUBSCRIBE = Command("events.subscribe", Subscribe, Subscribed, "observe", "Be told of committed events.")
EVENTS_UNSUBSCRIBE = Command("events.unsubscribe", Nothing, Nothing, "observe", "Be told no more.")
