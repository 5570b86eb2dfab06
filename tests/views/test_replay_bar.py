"""The strip above a recording, and the window below it when the recording goes back and forth."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import story
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtWidgets import QComboBox, QLabel, QPlainTextEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot
from window_support import Stage, build_all_panels, run_now, shown_track

from slop_qt.core import events as ev
from slop_qt.mma.playback import Playback
from slop_qt.mma.recording import Recording
from slop_qt.qt.window_context import WindowContext, make_context
from slop_qt.views.approvals_panel import ApprovalsPanel
from slop_qt.views.replay_bar import ReplayBar
from slop_qt.widgets.marked_slider import MarkedSlider
from slop_qt.window import MainWindow


class HandLoop(asyncio.SelectorEventLoop):
    """A loop that a test turns by hand: everything that is due, then the clock where it is set to."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = 0.0

    def time(self) -> float:
        return self.moment

    def turn(self) -> None:
        """Do what is due, and what follows from it."""
        while True:
            self.call_soon(self.stop)
            self.run_forever()
            if not self._ready:  # type: ignore[attr-defined]
                return


@pytest.fixture
def loop() -> Iterator[HandLoop]:
    loop = HandLoop()
    yield loop
    loop.close()


def recorded(pause_s: float = 0.0) -> Recording:
    """The story's run: one second an event, perhaps a pause before the last, and approvals that wait for long."""
    clock = story.Clock()
    events = [*story.running(clock), *story.approvals(clock), *story.ended(clock)]
    events = [event for event in events if event.run_id == story.RUN]
    began = clock.tick()
    times = [began + timedelta(seconds=at) for at in range(len(events))]
    times[-1] += timedelta(seconds=pause_s)
    return Recording(
        story.RUN,
        [
            event.model_copy(update={"seq": seq, "time": time})
            for seq, (event, time) in enumerate(zip(events, times, strict=True), 1)
        ],
    )


@pytest.fixture
def playback(loop: HandLoop) -> Iterator[Playback]:
    playback = Playback(recorded(600.0), loop)
    yield playback
    playback.close()


@pytest.fixture
def bar(stage: Stage, playback: Playback, qtbot: QtBot) -> ReplayBar:
    bar = ReplayBar(stage.theme, playback)
    qtbot.addWidget(bar)
    bar.resize(1280, 70)
    bar.show()
    bar.activateWindow()
    qtbot.waitActive(bar)
    return bar


def child(bar: QObject, kind: type, name: str) -> object:
    found = bar.findChild(kind, f"replay.{name}")
    assert found is not None, name
    return found


def position(bar: ReplayBar) -> str:
    return child(bar, QLabel, "position").text()


@pytest.fixture
def until(loop: HandLoop, qtbot: QtBot) -> Callable[[Callable[[], bool]], None]:
    """Turn both loops until it holds."""

    def wait(holds: Callable[[], bool]) -> None:
        def look() -> bool:
            loop.turn()
            return holds()

        qtbot.waitUntil(look)

    return wait


def test_it_says_that_it_is_a_recording_and_where_it_is(bar: ReplayBar, playback: Playback, loop: HandLoop) -> None:
    count = len(playback.recording)
    assert child(bar, QLabel, "title").text() == f"Run {story.RUN} · nothing is sent or executed"
    assert position(bar).startswith(f"event 0 of {count} · 00:00 of ")
    playback.seek(3)
    loop.turn()
    assert position(bar).startswith(f"event 3 of {count} · 00:02 of ")
    assert child(bar, MarkedSlider, "slider").value() == 3


def test_a_long_pause_is_said_where_it_is(bar: ReplayBar, playback: Playback, loop: HandLoop) -> None:
    note = bar.findChild(QObject, "replay.note")
    assert "Pauses over 5 s are shortened, 9 min in all." in note.text
    playback.seek(len(playback.recording) - 1)
    loop.turn()
    assert "Nothing happened for 10 min after this: shortened to 5 s." in note.text


def test_its_buttons_step_and_go_to_what_matters(
    bar: ReplayBar, playback: Playback, loop: HandLoop, qtbot: QtBot
) -> None:
    back, step = child(bar, QToolButton, "back"), child(bar, QToolButton, "step")
    approval, failure = child(bar, QPushButton, "next_approval"), child(bar, QPushButton, "next_failure")
    assert not back.isEnabled() and step.isEnabled()
    for button, place in ((step, 1), (step, 2), (back, 1)):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        loop.turn()
        assert playback.position == place
    for place in playback.recording.stops("approval"):
        qtbot.mouseClick(approval, Qt.MouseButton.LeftButton)
        loop.turn()
        assert playback.position == place
        assert isinstance(playback.recording.events[place - 1], ev.ApprovalRequested)
    assert not approval.isEnabled() and "No approval was waited for" in approval.toolTip()
    qtbot.mouseClick(failure, Qt.MouseButton.LeftButton)
    loop.turn()
    assert isinstance(playback.recording.events[playback.position - 1], ev.Fault)
    playback.seek(len(playback.recording))
    loop.turn()
    assert not failure.isEnabled() and not step.isEnabled()


def test_space_plays_and_pauses_and_letters_go_on(
    bar: ReplayBar, playback: Playback, loop: HandLoop, qtbot: QtBot
) -> None:
    slider = child(bar, MarkedSlider, "slider")
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Space)
    assert playback.playing and child(bar, QToolButton, "play").accessibleName() == "Pause"
    loop.moment += 3.5
    loop.turn()
    assert playback.position == 4
    qtbot.keyClick(slider, Qt.Key.Key_Space)
    assert not playback.playing
    loop.moment += 60
    loop.turn()
    assert playback.position == 4
    qtbot.keyClick(slider, Qt.Key.Key_A)
    loop.turn()
    assert playback.position == playback.recording.stops("approval")[0]


def test_arrows_and_the_pointer_move_the_slider(
    bar: ReplayBar, playback: Playback, until: Callable[[Callable[[], bool]], None], qtbot: QtBot
) -> None:
    slider = child(bar, MarkedSlider, "slider")
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    until(lambda: playback.position == 1)
    qtbot.keyClick(slider, Qt.Key.Key_End)
    until(lambda: playback.position == len(playback.recording))
    middle = QPoint(round(slider.place_of_value(20)), 14)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(slider, QPoint(round(slider.place_of_value(10)), 14))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(round(slider.place_of_value(10)), 14))
    until(lambda: playback.position == 10)
    assert slider.value() == 10


def test_speed_is_chosen_and_holds_at_once(bar: ReplayBar, playback: Playback, loop: HandLoop) -> None:
    box = child(bar, QComboBox, "speed")
    assert box.currentData() == 1.0
    playback.play()
    box.setCurrentIndex(box.findData(10.0))
    assert playback.speed == 10.0
    loop.turn()
    loop.moment += 0.55
    loop.turn()
    assert playback.position == 6


def test_everything_has_a_name_and_is_reached_by_the_keyboard(bar: ReplayBar) -> None:
    for kind, names in (
        (QToolButton, ("back", "play", "step")),
        (QPushButton, ("next_approval", "next_failure")),
        (QComboBox, ("speed",)),
        (MarkedSlider, ("slider",)),
    ):
        for name in names:
            widget = child(bar, kind, name)
            assert widget.accessibleName() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus, name


@pytest.fixture
def context(stage: Stage, playback: Playback) -> WindowContext:
    stage.desk.tracks = [shown_track(story.TRACK, "Finish", story.planned())]
    facts = replace(stage.context.facts, recording=story.RUN)
    return make_context(
        feed=playback,
        registry=stage.desk.registry,
        theme=stage.theme,
        settings=stage.context.settings,
        facts=facts,
        throttles=list,
        editing=stage.context.editor._parts.editing,
        start=run_now,
        on_quit=lambda: None,
        now=playback.now,
    )


@pytest.fixture
def window(stage: Stage, context: WindowContext, playback: Playback, qtbot: QtBot) -> Iterator[MainWindow]:
    context.selection.select(story.TRACK)
    window = MainWindow(context, ReplayBar(stage.theme, playback))
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    build_all_panels(window)
    yield window
    window.dispose()


def rows(window: MainWindow) -> dict[str, list[str]]:
    """What stands in every list that holds more than the moment."""
    found = {}
    for name in ("tier3.agents", "tier4.agents", "approvals.queue", "activity.table", "tracks.tree"):
        model = window.findChild(QObject, name).model()
        found[name] = [
            str(model.index(row, column).data() or "")
            for row in range(model.rowCount())
            for column in ((1, 2, 3) if name == "activity.table" else (0,))
        ]
    return found


def test_back_and_forth_twenty_times_shows_the_same_and_leaks_nothing(
    window: MainWindow, playback: Playback, loop: HandLoop, qtbot: QtBot
) -> None:
    def go(place: int) -> None:
        playback.seek(place)
        loop.turn()
        qtbot.waitUntil(lambda: playback.position == place)

    def counted() -> tuple[int, int]:
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()
        return len(window.findChildren(QObject)), sum(timer.isActive() for timer in window.findChildren(QTimer))

    end, middle = len(playback.recording), playback.recording.stops("approval")[2]
    for place in (middle, end, middle):
        go(place)
    at_middle, objects = rows(window), counted()[0]
    assert len(at_middle["approvals.queue"]) == 3 and at_middle["activity.table"]
    for _ in range(20):
        go(end)
        assert not rows(window)["approvals.queue"]
        go(middle)
        assert rows(window) == at_middle
    assert counted()[0] <= objects
    go(0)
    empty = rows(window)
    assert not any(empty[name] for name in ("tier3.agents", "tier4.agents", "approvals.queue", "activity.table"))


def test_the_stream_that_is_shown_goes_back_with_it(window: MainWindow, playback: Playback, until: object) -> None:
    window._docks.raise_panel("tier3")
    stream = window.findChild(QPlainTextEdit, "tier3.stream.text")
    grown = next(at for at, event in enumerate(playback.recording.events, 1) if event.kind == "stream_text")
    playback.seek(len(playback.recording))
    until(lambda: bool(stream.text()) and not stream.behind)
    playback.seek(grown)
    first = playback.recording.events[grown - 1]
    until(lambda: stream.text() == first.text)
    assert stream.stream is playback.state.runs[story.RUN].streams[first.stream_id]


def test_what_waited_is_shown_and_cannot_be_decided(
    stage: Stage, window: MainWindow, playback: Playback, loop: HandLoop, qtbot: QtBot
) -> None:
    playback.go_to_next("approval")
    loop.turn()
    panel = window._docks.panel("approvals")
    assert isinstance(panel, ApprovalsPanel) and panel.count == 1
    approve = panel.findChild(QPushButton, "approvals.approve")
    assert not approve.isEnabled() and "This is a recording" in approve.toolTip()
    panel.setFocus()
    qtbot.keyClick(panel, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert not [name for name, _ in stage.desk.asked if name == "approvals.resolve"]


def test_the_title_says_so_and_nothing_can_be_begun(window: MainWindow) -> None:
    assert window.windowTitle().startswith(f"Recording of run {story.RUN} — slop_qt")
    for name, action in window._actions.items():
        if name.startswith("tracks.") or name in {"window.open_project", "window.settings", "ticket.context"}:
            assert not action.isEnabled(), name
    assert window._actions["window.quit"].isEnabled()
