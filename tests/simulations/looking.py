"""What a window shows, asked by object names."""

from typing import Any

from simulation_support import WAIT_S

from slop_qt.automation import Client
from slop_qt.core.errors import NotFoundError, NotPossibleError

__all__ = ["known", "value", "wait"]


def known(client: Client, name: str) -> bool:
    """Whether there is such a widget, and a window at all."""
    try:
        return bool(client.call("gui.tree", name=name))
    except (NotFoundError, NotPossibleError):
        return False


def value(client: Client, name: str, what: str) -> Any:
    """A property of it, now."""
    return client.call("gui.get", name=name, property=what)["value"]


def wait(client: Client, name: str, what: str, equals: Any) -> None:
    """Return when the property has that value."""
    client.call("gui.wait", name=name, property=what, equals=equals, timeout_s=WAIT_S)
