"""A window's collaborators without an engine: real state, real registry, commands recorded instead of carried out."""

import hashlib
import subprocess
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QEvent, QSettings
from PySide6.QtWidgets import QApplication

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.budgets import BudgetStanding
from slop_qt.core.errors import NotFoundError, SlopError
from slop_qt.core.events import Event
from slop_qt.core.forecast import Forecast
from slop_qt.core.ports import ThrottleState
from slop_qt.core.shape import Shape
from slop_qt.core.state import Changes, SessionState
from slop_qt.core.tickets import Ticket, TicketSpec
from slop_qt.core.tracks import Track
from slop_qt.mma import commands, plan_shapes, shapes
from slop_qt.mma.command_registry import Command, CommandRegistry
from slop_qt.qt.editing.track_shelf import Editing
from slop_qt.qt.event_bridge import Listener
from slop_qt.qt.theme import Theme, ThemeChoice
from slop_qt.qt.window_context import WindowContext, WindowFacts, make_context
from slop_qt.store.drafts import DraftStore
from slop_qt.store.resources import resource_path
from slop_qt.window import MainWindow

T = TypeVar("T")


class LiveFeed:
    """Folds what is published at once, in batches as the real feed does."""

    def __init__(self) -> None:
        self.state = SessionState()
        self._listeners: list[Listener] = []
        self._seq = 0

    def subscribe(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    def publish(self, *events: Event) -> None:
        changes = Changes()
        for event in events:
            self._seq += 1
            self.state.apply(event.model_copy(update={"seq": self._seq}), changes)
        for listener in list(self._listeners):
            listener(changes)


class Inline:
    """Does what would be offloaded at once: the real work, without a thread."""

    async def run(self, job: Callable[[], T]) -> T:
        return job()


async def verify_problem(line: str) -> str | None:
    """What /bin/sh says of a line that it cannot read."""
    argv = ["/bin/sh", "-n", "-c", line]
    done = await Inline().run(lambda: subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False))
    return None if done.returncode == 0 else done.stderr.strip().partition("\n")[0].rpartition("1: ")[2]


NO_FORECAST = Forecast(
    track_id="", workers=4, stages=(), at_once=0, critical_path=(), overlaps=(), tickets=(), tokens=None, cost_usd=None
)


class Desk:
    """Answers commands from what a test put there, and keeps what was asked for."""

    def __init__(self) -> None:
        self.registry = CommandRegistry()
        self.asked: list[tuple[str, Shape]] = []
        self.answers: dict[str, Shape | SlopError] = {
            commands.RUN_DIFF.name: shapes.Diff(diff=""),
            commands.TRACK_FORECAST.name: NO_FORECAST,
            commands.TRACK_SAVE_TICKETS.name: plan_shapes.Saved(digest="written"),
            commands.BUDGET_SHOW.name: BudgetStanding(),
        }
        self.tracks: list[shapes.TrackShown] = []
        for command in (
            commands.EPIC_PROPOSE,
            commands.EPIC_ACCEPT,
            commands.TRACK_PLAN,
            commands.TRACK_FORECAST,
            commands.TRACK_REVISE,
            commands.TRACK_SAVE_TICKETS,
            commands.RUN_START,
            commands.RUN_PAUSE,
            commands.RUN_RESUME,
            commands.RUN_CANCEL,
            commands.RUN_APPLY,
            commands.RUN_DIFF,
            commands.APPROVALS_RESOLVE,
            commands.BUDGET_SHOW,
            commands.PROJECT_OPEN_BESIDE,
        ):
            self.registry.register(command, self._recorder(command))
        self.registry.register(commands.TRACK_LIST, self._list)
        self.registry.register(commands.TRACK_SHOW, self._show)
        self.registry.register(commands.TRACK_READ, self._read)

    def params(self, command: Command[Any, Any]) -> list[Any]:
        """What was asked of that command."""
        return [params for name, params in self.asked if name == command.name]

    def _recorder(self, command: Command[Any, Any]) -> Any:
        async def answer(params: Shape, _by: DecidedBy) -> Any:
            self.asked.append((command.name, params))
            prepared = self.answers.get(command.name)
            if isinstance(prepared, SlopError):
                raise prepared
            return prepared

        return answer

    async def _list(self, _params: shapes.Nothing, _by: DecidedBy) -> shapes.Tracks:
        return shapes.Tracks(tracks=tuple(shown.track for shown in self.tracks))

    async def _show(self, params: shapes.TrackRef, _by: DecidedBy) -> shapes.TrackShown:
        return next(shown for shown in self.tracks if shown.track.id == params.track_id)

    async def _read(self, params: shapes.TrackRef, by: DecidedBy) -> plan_shapes.TrackDocuments:
        shown = next((each for each in self.tracks if each.track.id == params.track_id), None)
        if shown is None:
            raise NotFoundError(f"There is no track {params.track_id}.")
        fields = set(TicketSpec.model_fields)
        return plan_shapes.TrackDocuments(
            track=shown.track,
            spec=_document(shown.spec),
            plan=_document(shown.plan),
            tickets=tuple(TicketSpec(**ticket.model_dump(include=fields)) for ticket in shown.tickets),
            tickets_digest=_document(repr(shown.tickets)).digest if shown.tickets else "",
        )


def _document(text: str) -> plan_shapes.Document:
    return plan_shapes.Document(text=text, digest=hashlib.sha256(text.encode()).hexdigest())


def shown_track(track_id: str, title: str, tickets: tuple[Ticket, ...] = ()) -> shapes.TrackShown:
    track = Track(id=track_id, title=title, spec_path=f"{track_id}/spec.md", plan_path=f"{track_id}/plan.md")
    return shapes.TrackShown(track=track, spec="# Spec", plan="# Plan", tickets=tickets)


def build_all_panels(window: MainWindow) -> None:
    """Also those that nobody has looked at."""
    window.build_panels()


def run_now(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run what never really waits to its end."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise AssertionError("the command waited for something")


class Stage:
    """Everything that a window or panel under test is given, and what a test says to it.

    dressed False is for tests of what a panel does: the style sheet is put on with a window only. Under one, each
    widget that is put into another is styled anew with all that is in it, and building takes three times as long.
    """

    def __init__(
        self, app: QApplication, settings: QSettings, choice: ThemeChoice = "light", *, dressed: bool = True
    ) -> None:
        self.feed = LiveFeed()
        self.desk = Desk()
        self.quits = 0
        self.throttles: list[ThrottleState] = []
        self.theme = Theme(app, resource_path("icons"), choice, dressed=dressed)
        self._app = app
        self.context: WindowContext = make_context(
            feed=self.feed,
            registry=self.desk.registry,
            theme=self.theme,
            settings=settings,
            facts=WindowFacts(version="0.1.0", project="pocketbook", socket="/run/user/1000/slop-qt/4711.sock"),
            throttles=lambda: self.throttles,
            editing=Editing(
                offload=Inline(),
                drafts=DraftStore(Path(settings.fileName()).parent / "drafts"),
                verify_problem=verify_problem,
            ),
            start=run_now,
            on_quit=self._quit,
        )

    def build_window(self, context: WindowContext | None = None) -> MainWindow:
        """The main window, on this context or the stage's own, dressed once it stands, as the application does it."""
        sheet = self._app.styleSheet()
        self._app.setStyleSheet("")
        window = MainWindow(context or self.context)
        self._app.setStyleSheet(sheet)
        self.theme.dress()
        return window

    def strike(self) -> None:
        """Delete what is left of it and of the windows on it, now: they would all be styled anew for the next test."""
        self.theme.retire()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def _quit(self) -> None:
        self.quits += 1
