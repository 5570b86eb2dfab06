"""How to run a track, and what would come of it."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QDialog, QFormLayout, QLabel, QPlainTextEdit, QSpinBox, QVBoxLayout, QWidget

from slop_qt.core.approvals import Mode
from slop_qt.core.errors import SlopError
from slop_qt.core.forecast import Forecast
from slop_qt.core.visible_text import make_visible
from slop_qt.qt.theme import Theme
from slop_qt.widgets.buttons import muted_label
from slop_qt.widgets.dialogs import frame_dialog
from slop_qt.widgets.forecast_view import ForecastView

__all__ = ["RunDialog"]

_COMMANDS_SHOWN, _COMMANDS_EDGE = 4, 28

_MODES = {
    Mode.STEP: "Step: every turn waits for you",
    Mode.ASK: "Ask: whatever has an effect waits for you",
    Mode.EDITS: "Edits: writing files passes, the rest waits",
    Mode.AUTO: "Auto: nothing waits (needs a sandbox)",
}


class RunDialog(QDialog):
    """In which mode, and with how many workers; below it the dry run. Lives in the GUI thread.

    Signals:
        chosen(Mode, int): run it like this.
        workers_changed(int): a forecast with that many is wanted.
    """

    chosen = Signal(object, int)
    workers_changed = Signal(int)

    def __init__(
        self,
        theme: Theme,
        title: str,
        verify: Sequence[str],
        mode: Mode,
        workers: int,
        parent: QWidget | None = None,
    ) -> None:
        """verify are the commands that the tickets are verified by: running the track allows them."""
        super().__init__(parent)
        column, _ = frame_dialog(self, "Run track", "run", "Run")
        heading = QLabel(title)
        heading.setProperty("kind", "heading")
        heading.setWordWrap(True)
        self._mode = QComboBox()
        self._mode.setObjectName("run.mode")
        self._mode.setAccessibleName("Mode")
        for each, words in _MODES.items():
            self._mode.addItem(words, each)
        self._mode.setCurrentIndex(list(_MODES).index(mode))
        self._workers = QSpinBox()
        self._workers.setObjectName("run.workers")
        self._workers.setAccessibleName("Workers")
        self._workers.setRange(1, 64)
        self._workers.setValue(workers)
        self._workers.valueChanged.connect(self.workers_changed)
        form = QFormLayout()
        form.addRow("Mode", self._mode)
        form.addRow("Workers", self._workers)
        self._forecast = ForecastView(theme, "run.forecast")
        column.addWidget(heading)
        column.addLayout(form)
        column.addWidget(self._forecast, 1)
        self._list_commands(column, theme, tuple(dict.fromkeys(verify)))
        self.resize(720, 600)
        self.accepted.connect(self._choose)

    def _list_commands(self, column: QVBoxLayout, theme: Theme, commands: Sequence[str]) -> None:
        if not commands:
            column.addWidget(muted_label("No ticket has a verify command: nothing will prove what the workers do."))
            return
        note = muted_label("These verify commands run without being asked about again:")
        listed = QPlainTextEdit("\n".join(make_visible(command) for command in commands))
        listed.setObjectName("run.verify")
        listed.setAccessibleName("Verify commands")
        listed.setProperty("kind", "editor")
        listed.setReadOnly(True)
        listed.setTabChangesFocus(True)
        listed.setFont(theme.fixed_font())
        listed.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        rows = min(len(commands), _COMMANDS_SHOWN)
        listed.setFixedHeight(rows * listed.fontMetrics().lineSpacing() + _COMMANDS_EDGE)
        column.addWidget(note)
        column.addWidget(listed)

    def show_forecast(self, forecast: Forecast) -> None:
        """What such a run would look like; what was asked for other workers meanwhile is not shown."""
        if forecast.workers == self._workers.value():
            self._forecast.show_forecast(forecast)

    def show_error(self, error: SlopError) -> None:
        """Why nothing can be said of the run."""
        self._forecast.show_error(error)

    def _choose(self) -> None:
        self.chosen.emit(Mode(self._mode.currentData()), self._workers.value())
