"""tickets.json, this application's own file beside Conductor's."""

from collections.abc import Sequence

from pydantic import ValidationError

from slop_qt.core.errors import StoreError
from slop_qt.core.shape import Shape
from slop_qt.core.tickets import TicketSpec
from slop_qt.store.conductor.json_text import written_json

__all__ = ["TICKETS_VERSION", "read_tickets", "written_tickets"]

TICKETS_VERSION = 1
_BYTE_ORDER_MARK = "\ufeff".encode()


class _TicketsFile(Shape):
    """What is in it."""

    version: int
    tickets: tuple[TicketSpec, ...]


def read_tickets(content: bytes, path: object) -> tuple[TicketSpec, ...]:
    """The tickets in the file's bytes; path is how messages name it.

    Raises:
        StoreError: they cannot be used; it says where and why.
    """
    try:
        read = _TicketsFile.model_validate_json(content.removeprefix(_BYTE_ORDER_MARK))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise StoreError(f"{path} cannot be used: {where}: {first['msg']}.", "Mend it, or plan again.") from error
    if read.version != TICKETS_VERSION:
        raise StoreError(
            f"{path} is of version {read.version}; this slop_qt knows version {TICKETS_VERSION}.",
            "Use the slop_qt that wrote it, or plan the track again.",
        )
    return read.tickets


def written_tickets(tickets: Sequence[TicketSpec]) -> str:
    """The file's text: as planned, without what belongs to a run."""
    planned = tuple(as_planned(ticket) for ticket in tickets)
    return written_json(_TicketsFile(version=TICKETS_VERSION, tickets=planned).model_dump(mode="json"))


def as_planned(ticket: TicketSpec) -> TicketSpec:
    """The ticket without what belongs to a run."""
    return TicketSpec.model_validate(ticket.model_dump(include=set(TicketSpec.model_fields)))
