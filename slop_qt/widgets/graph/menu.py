"""The context menu of the graph: what can be done with a ticket, a dependency, or the graph, and what hinders it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from slop_qt.widgets.graph.layout import Edge

if TYPE_CHECKING:
    from slop_qt.widgets.graph.view import GraphView

__all__ = ["Entry", "build_menu", "edge_entries", "empty_entries", "ticket_entries"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu. A hindrance is a sentence: why it cannot be chosen now. The shortcut is only told of."""

    id: str
    text: str
    act: Callable[[], object]
    shortcut: str = ""
    hindrance: str = ""


def ticket_entries(view: "GraphView", ticket_id: str) -> list[Entry]:
    """What can be done with a ticket."""
    cannot_edit, cannot_change = view.hindrance(), view.hindrance(ticket_id)
    return [
        Entry("edit", "Open" if cannot_change else "Edit…", partial(view.ticket_opened.emit, ticket_id), "Return"),
        Entry("add", "Add ticket after it", partial(view.add_wanted.emit, ticket_id), "", cannot_edit),
        Entry("connect", "Connect to…", partial(view.start_connecting, ticket_id), "", cannot_edit),
        Entry("remove", "Remove ticket", partial(view.remove_wanted.emit, ticket_id), "Del", cannot_change),
    ]


def edge_entries(view: "GraphView", edge: Edge) -> list[Entry]:
    """What can be done with a dependency."""
    source, target = edge
    act = partial(view.disconnect_wanted.emit, source, target)
    return [Entry("disconnect", f"Disconnect {target} from {source}", act, "Del", view.hindrance(target))]


def empty_entries(view: "GraphView") -> list[Entry]:
    """What can be done where there is nothing."""
    return [
        Entry("add", "Add ticket", partial(view.add_wanted.emit, ""), "", view.hindrance()),
        Entry("fit", "Fit the graph", view.fit, "F"),
    ]


def build_menu(parent: QWidget, entries: Sequence[Entry]) -> QMenu:
    """The menu `graph.menu`, which goes when it is closed."""
    menu = QMenu(parent)
    menu.setObjectName("graph.menu")
    menu.setAccessibleName("Ticket graph")
    menu.setToolTipsVisible(True)
    menu.aboutToHide.connect(menu.deleteLater)
    for entry in entries:
        native = QKeySequence(entry.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        action = menu.addAction(f"{entry.text}\t{native}" if native else entry.text, entry.act)
        action.setObjectName(f"graph.menu.{entry.id}")
        action.setEnabled(not entry.hindrance)
        action.setToolTip(entry.hindrance or entry.text)
    return menu
