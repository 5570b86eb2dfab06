"""Menu actions as data: what stands in which menu, with its shortcut, and how a list of these becomes menus."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

__all__ = ["ACTIONS", "ActionSpec", "Menus", "build_actions"]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One entry of a menu. id is its object name and the name of its handler; an empty text is a separator."""

    id: str
    menu: str
    text: str = ""
    shortcut: str = ""


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("tracks.new_epic", "&File", "&New epic…", "Ctrl+N"),
    ActionSpec("window.open_project", "&File", "&Open project…", "Ctrl+O"),
    ActionSpec("", "&File"),
    ActionSpec("window.settings", "&File", "&Settings…", "Ctrl+,"),
    ActionSpec("", "&File"),
    ActionSpec("window.quit", "&File", "&Quit", "Ctrl+Q"),
    ActionSpec("edit.undo", "&Edit", "&Undo", "Ctrl+Z"),
    ActionSpec("edit.redo", "&Edit", "&Redo", "Ctrl+Shift+Z"),
    ActionSpec("", "&Edit"),
    ActionSpec("edit.save", "&Edit", "&Save spec and plan", "Ctrl+S"),
    ActionSpec("tracks.plan", "&Run", "&Plan tickets", "Ctrl+T"),
    ActionSpec("tracks.revise", "&Run", "Re&vise tickets…", "Ctrl+Shift+T"),
    ActionSpec("tracks.run", "&Run", "&Run track…", "Ctrl+R"),
    ActionSpec("tracks.pause", "&Run", "P&ause or resume", "Ctrl+P"),
    ActionSpec("tracks.cancel", "&Run", "&Cancel run", "Ctrl+."),
    ActionSpec("tracks.apply", "&Run", "A&pply to your branch…", "Ctrl+Shift+Return"),
    ActionSpec("", "&Run"),
    ActionSpec("ticket.context", "&Run", "Conte&xt of the ticket…", "Ctrl+Shift+X"),
    ActionSpec("window.go_to_approvals", "&Run", "&Go to approvals", "Ctrl+Shift+A"),
    ActionSpec("window.next_panel", "&View", "&Next panel", "F6"),
    ActionSpec("window.previous_panel", "&View", "Pre&vious panel", "Shift+F6"),
    ActionSpec("window.close_panel", "&View", "&Close panel", "Ctrl+W"),
    ActionSpec("window.reset_layout", "&View", "&Reset layout"),
    ActionSpec("", "&View"),
    ActionSpec("window.about", "&Help", "&About slop_qt"),
)


@dataclass(frozen=True, slots=True)
class Menus:
    """What was built: the menus by their title without its mark, the actions by their id."""

    menus: Mapping[str, QMenu]
    actions: Mapping[str, QAction]


def build_actions(bar: QMenuBar, specs: Sequence[ActionSpec], handlers: Mapping[str, Callable[[], object]]) -> Menus:
    """Make the menus in the order of `specs`. Raises KeyError for a missing handler."""
    menus: dict[str, QMenu] = {}
    actions: dict[str, QAction] = {}
    for spec in specs:
        name = spec.menu.replace("&", "")
        if name not in menus:
            menus[name] = bar.addMenu(spec.menu)
            menus[name].setObjectName(f"menu.{name.lower()}")
            menus[name].setAccessibleName(name)
        if not spec.text:
            menus[name].addSeparator()
            continue
        action = _make_action(bar, spec)
        action.triggered.connect(handlers[spec.id])
        menus[name].addAction(action)
        actions[spec.id] = action
    return Menus(menus, actions)


def _make_action(bar: QMenuBar, spec: ActionSpec) -> QAction:
    action = QAction(spec.text, bar)
    action.setObjectName(f"action.{spec.id}")
    plain = spec.text.replace("&", "").rstrip("…")
    action.setToolTip(plain)
    if spec.shortcut:
        action.setShortcut(QKeySequence(spec.shortcut))
        action.setToolTip(f"{plain} ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})")
    return action
