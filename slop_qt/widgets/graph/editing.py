"""What the graph needs of whoever holds the tickets while they are edited."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import SignalInstance

from slop_qt.core.errors import SlopError
from slop_qt.core.ticket_checks import TicketProblem
from slop_qt.core.tickets import TicketSpec
from slop_qt.widgets.graph.view import GraphView

__all__ = ["GraphEditor", "wire_editing"]


class GraphEditor(Protocol):
    """The selected track's tickets as edited, and every change of them as a step that can be undone.

    Changes raise a SlopError where they are refused: it names the circle, or what has started.
    """

    @property
    def tickets(self) -> tuple[TicketSpec, ...]:
        """As they stand now, saved or not."""
        ...

    @property
    def fixed(self) -> frozenset[str]:
        """Ids of those that have started in a run: they stay as they are."""
        ...

    @property
    def problems(self) -> tuple[TicketProblem, ...]:
        """What is wrong with them."""
        ...

    @property
    def is_editable(self) -> bool:
        """Whether the tickets are here, and can be changed."""
        ...

    @property
    def tickets_changed(self) -> SignalInstance:
        """Tickets, or which of them are fixed, are others."""
        ...

    @property
    def problems_changed(self) -> SignalInstance:
        """Other things are wrong with them."""
        ...

    @property
    def state_changed(self) -> SignalInstance:
        """It may be that they can be edited now, or no longer."""
        ...

    def connect_tickets(self, source_id: str, target_id: str) -> None:
        """Let the target depend on the source."""
        ...

    def disconnect_tickets(self, source_id: str, target_id: str) -> None:
        """Let the target depend on the source no longer."""
        ...

    def add_ticket(self, after_id: str | None) -> str:
        """A new ticket, which depends on that one; its id."""
        ...

    def remove_ticket(self, ticket_id: str) -> None:
        """Without that ticket."""
        ...

    def want_ticket(self, ticket_id: str) -> None:
        """Show the ticket in its form."""
        ...


def wire_editing(view: GraphView, editor: GraphEditor, refused: Callable[[SlopError | None], None]) -> None:
    """Let the editor do what the person wants of tickets; `refused` hears why it was not done, or None if it was."""

    def attempt(act: Callable[[], object]) -> None:
        try:
            act()
        except SlopError as error:
            refused(error)
        else:
            refused(None)

    view.connect_wanted.connect(lambda source, target: attempt(lambda: editor.connect_tickets(source, target)))
    view.disconnect_wanted.connect(lambda source, target: attempt(lambda: editor.disconnect_tickets(source, target)))
    view.remove_wanted.connect(lambda ticket_id: attempt(lambda: editor.remove_ticket(ticket_id)))
    view.add_wanted.connect(lambda after_id: attempt(lambda: editor.add_ticket(after_id or None)))
    view.ticket_opened.connect(lambda ticket_id: attempt(lambda: editor.want_ticket(ticket_id)))
