"""The strip above a recording: what it is, where one is in it, and how to move about in it."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from slop_qt.mma.playback import Playback
from slop_qt.mma.recording import LONGEST_GAP_S, StopKind
from slop_qt.qt.status import Look
from slop_qt.qt.theme import Theme
from slop_qt.qt.throttle import Throttle
from slop_qt.qt.words import duration
from slop_qt.widgets.buttons import icon_button, muted_label, push_button
from slop_qt.widgets.elided_label import ElidedLabel
from slop_qt.widgets.marked_slider import MarkedSlider, Marks
from slop_qt.widgets.status_chip import StatusChip

__all__ = ["ReplayBar"]

_SEEK_MS = 50  # between two places that a dragged handle passes
_SPEEDS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 100.0)
_PAGES = 20  # that Page Up and Page Down cut the recording into
_SPOKEN = {"approval": "Next approval", "failure": "Next failure"}
_NONE_LEFT = {
    "approval": "No approval was waited for after this moment.",
    "failure": "Nothing failed after this moment.",
}


class ReplayBar(QFrame):
    """Moves a playback and shows where it is. Lives in the GUI thread.

    Space plays and pauses while the slider has the keyboard, A and F go to the next approval and failure while anything
    here has it.
    """

    def __init__(self, theme: Theme, playback: Playback, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._playback = playback
        self.setObjectName("replay")
        self.setProperty("kind", "banner")
        self._chip = StatusChip(theme)
        self._chip.show_look(Look("history", "Recording", "waiting"))
        self._title = QLabel(f"Run {playback.recording.run_id} · nothing is sent or executed")
        self._title.setObjectName("replay.title")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._note = ElidedLabel(theme, "replay.note")
        self._play = icon_button(theme, "replay.play", "play", "Play", self._toggle)
        self._back = icon_button(theme, "replay.back", "back", "Back by one event", lambda: playback.step(-1))
        self._step = icon_button(theme, "replay.step", "step", "Forward by one event", lambda: playback.step(1))
        self._slider = self._make_slider(theme)
        self._label = muted_label()
        self._label.setObjectName("replay.position")
        self._label.setMinimumWidth(self._label.fontMetrics().horizontalAdvance(self._words(len(playback.recording))))
        self._next: dict[StopKind, QPushButton] = {
            "approval": self._make_next("approval", "A"),
            "failure": self._make_next("failure", "F"),
        }
        self._speed = self._make_speed()
        self._seeking = Throttle(self._seek, _SEEK_MS, self)
        self._lay_out()
        self._shortcut("Space", self._toggle, self._slider)
        playback.on_moved = self._show
        self._show()

    def take_keyboard(self) -> None:
        """Go to what one presses first."""
        self._play.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make_slider(self, theme: Theme) -> MarkedSlider:
        recording = self._playback.recording
        slider = MarkedSlider(theme, "replay.slider", "Place in the recording, in events")
        slider.setRange(0, len(recording))
        slider.setPageStep(max(len(recording) // _PAGES, 1))
        slider.setToolTip("Arrows move by one event. \N{BLACK CIRCLE} approval \N{BLACK DIAMOND} failure")
        slider.show_marks(
            Marks("circle", "waiting", recording.stops("approval")),
            Marks("diamond", "failed", recording.stops("failure")),
        )
        slider.valueChanged.connect(lambda _: self._seeking.ask())
        return slider

    def _make_next(self, kind: StopKind, keys: str) -> QPushButton:
        go = self._go_to(kind)
        button = push_button(f"replay.next_{kind}", _SPOKEN[kind], go, shortcut=keys)
        self._shortcut(keys, go, self)
        return button

    def _make_speed(self) -> QComboBox:
        box = QComboBox()
        box.setObjectName("replay.speed")
        box.setAccessibleName("Speed")
        box.setToolTip("How many recorded seconds pass in one")
        for speed in sorted({*_SPEEDS, self._playback.speed}):
            box.addItem(f"{speed:g}\N{MULTIPLICATION SIGN}", speed)
        box.setCurrentIndex(box.findData(self._playback.speed))
        box.currentIndexChanged.connect(lambda _: self._playback.set_speed(box.currentData()))
        return box

    def _shortcut(self, keys: str, act: Callable[[], None], where: QWidget) -> None:
        shortcut = QShortcut(QKeySequence(keys), where)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 12, 6)
        column.setSpacing(4)
        column.addLayout(_row((self._chip, self._title, self._note), self._note))
        controls = (self._back, self._play, self._step, self._slider, self._label)
        column.addLayout(_row((*controls, *self._next.values(), self._speed), self._slider))

    def _toggle(self) -> None:
        if self._playback.playing:
            self._playback.pause()
        else:
            self._playback.play()

    def _go_to(self, kind: StopKind) -> Callable[[], None]:
        return lambda: self._playback.go_to_next(kind)

    def _seek(self) -> None:
        if self._slider.value() != self._playback.target:
            self._playback.seek(self._slider.value())

    def _show(self) -> None:
        playback = self._playback
        self._play.say(*(("pause", "Pause") if playback.playing else ("play", "Play")))
        if not self._slider.isSliderDown():
            blocked = self._slider.blockSignals(True)  # it says where the playback is, and does not send it there
            self._slider.setValue(playback.target)
            self._slider.blockSignals(blocked)
        self._label.setText(self._words(playback.position))
        self._note.say(self._remark())
        self._back.setEnabled(playback.target > 0)
        self._step.setEnabled(playback.target < len(playback.recording))
        for kind, button in self._next.items():
            there_is = playback.recording.next_stop(kind, playback.target) is not None
            button.setEnabled(there_is)
            button.setToolTip(f"{_SPOKEN[kind]} ({kind[0].upper()})" if there_is else _NONE_LEFT[kind])

    def _words(self, position: int) -> str:
        recording = self._playback.recording
        moment, whole = (_clock(seconds) for seconds in (recording.recorded_s(position), recording.duration_s))
        return f"event {position:,} of {len(recording):,} · {moment} of {whole}"

    def _remark(self) -> str:
        playback, recording = self._playback, self._playback.recording
        gap = recording.gap_s(playback.position)
        if gap > LONGEST_GAP_S and playback.position > 0:
            return f"Nothing happened for {duration(gap)} after this: shortened to {LONGEST_GAP_S:g} s."
        if not recording.ended:
            return "The run has not ended in the journal: this is what is recorded of it so far."
        if recording.shortened_s > 0:
            return f"Pauses over {LONGEST_GAP_S:g} s are shortened, {duration(recording.shortened_s)} in all."
        return ""


def _row(widgets: Sequence[QWidget], wide: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for widget in widgets:
        row.addWidget(widget, 1 if widget is wide else 0)
    return row


def _clock(seconds: float) -> str:
    """`03:10`, `1:02:07`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
