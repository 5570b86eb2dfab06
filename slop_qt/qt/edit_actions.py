"""What the Edit menu does: undo, redo and save of the selected track, in the words of its history."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from slop_qt.qt.track_editor import TrackEditor

__all__ = ["EditActions"]

_UNDO, _REDO, _SAVE = "edit.undo", "edit.redo", "edit.save"


class EditActions(QObject):
    """Keeps the menu's entries as they are true. Lives in the GUI thread."""

    def __init__(self, editor: TrackEditor, parent: QObject) -> None:
        super().__init__(parent)
        self._editor = editor
        self._actions: Mapping[str, QAction] = {}

    def handlers(self) -> Mapping[str, Callable[[], None]]:
        """What the entries call, by action id."""
        return {_UNDO: self._editor.undo, _REDO: self._editor.redo, _SAVE: self._editor.save}

    def attach(self, actions: Mapping[str, QAction]) -> tuple[QAction, QAction]:
        """Keep these up to date from now on; returns undo and redo."""
        self._actions = actions
        group = self._editor.undo_group
        for signal in (group.indexChanged, group.activeStackChanged, self._editor.dirty_changed):
            signal.connect(self._refresh)
        self._refresh()
        return actions[_UNDO], actions[_REDO]

    def _refresh(self) -> None:
        stack = self._editor.undo_stack
        for name, verb, words, possible in (
            (_UNDO, "&Undo", stack.undoText(), stack.canUndo()),
            (_REDO, "&Redo", stack.redoText(), stack.canRedo()),
        ):
            self._actions[name].setText(f"{verb} {words}".strip())
            self._actions[name].setEnabled(possible)
        self._actions[_SAVE].setEnabled(self._editor.dirty)
