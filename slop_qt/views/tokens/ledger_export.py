"""Writes the ledger to a file of the person's choice."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget
from shiboken6 import isValid

from slop_qt.core.errors import SlopError
from slop_qt.core.events import utc_now
from slop_qt.core.ledger import LedgerRow, ledger_csv, ledger_rows
from slop_qt.core.state import RunState
from slop_qt.qt.window_context import ErrorSurface, WindowContext
from slop_qt.store.files import write_atomically

__all__ = ["LedgerExport"]


class LedgerExport(QObject):
    """Asks where to, then writes in the helper pool; mistakes are shown on the surface. Lives in the GUI thread."""

    def __init__(
        self, context: WindowContext, surface: ErrorSurface, parent: QWidget, done: Callable[[Path, int], None]
    ) -> None:
        """done is told of the file that was written, and of how many rows are in it."""
        super().__init__(parent)
        self._context = context
        self._surface = surface
        self._window = parent
        self._done = done

    def ask(self, runs: Iterable[RunState]) -> None:
        """Have a file chosen for these runs, as they are when it has been."""
        chosen = tuple(runs)
        dialog = QFileDialog(self._window.window(), "Export tokens and cost")
        dialog.setObjectName("tokens.export.file")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("Comma-separated values (*.csv)")
        dialog.setDefaultSuffix("csv")
        dialog.selectFile(f"slop_qt-tokens-{utc_now().astimezone():%Y-%m-%d}.csv")
        dialog.fileSelected.connect(lambda path: self.write(Path(path), chosen))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write(self, path: Path, runs: Iterable[RunState]) -> None:
        """Write all rows of these runs, by every dimension."""
        rows = tuple(ledger_rows(runs))  # of the state, in its thread; what takes time is done elsewhere
        self._context.start(self._write(path, rows))

    async def _write(self, path: Path, rows: tuple[LedgerRow, ...]) -> None:
        try:
            await self._context.offload.run(partial(_write_csv, path, rows))
        except SlopError as error:
            if isValid(self):
                self._surface.show_error(error)
            return
        if isValid(self):
            self._done(path, len(rows))


def _write_csv(path: Path, rows: tuple[LedgerRow, ...]) -> None:
    """Raises StoreError: it could not be written, and what was there is as it was."""
    write_atomically(path, ledger_csv(rows))
