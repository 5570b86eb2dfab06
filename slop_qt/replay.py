"""A recorded run in the real window: builds what plays it back, and takes it down again."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings

from slop_qt import __version__
from slop_qt.app_commands import AppCommands
from slop_qt.core.errors import SlopError, StoreError, UsageError
from slop_qt.core.settings import Settings
from slop_qt.entrance import Entrance
from slop_qt.headless.failures import CANNOT_START, complain
from slop_qt.launch import LaunchOptions, settings_for
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.playback import Playback
from slop_qt.mma.recording import Recording
from slop_qt.mma.replay_desk import ReplayDesk, recorded_track_id
from slop_qt.qt.editing.track_shelf import Editing
from slop_qt.qt.gui_application import gui_application
from slop_qt.qt.helper_pool import HelperPool
from slop_qt.qt.main_loop import MainLoop
from slop_qt.qt.socket_server import Behind
from slop_qt.qt.theme import Theme
from slop_qt.qt.window_context import WindowContext, WindowFacts, make_context
from slop_qt.store.drafts import DraftStore
from slop_qt.store.paths import ProjectPaths
from slop_qt.store.recordings import RunNote, journals_in, newest_run, read_run, runs_beginning
from slop_qt.store.resources import resource_path
from slop_qt.views.replay_bar import ReplayBar
from slop_qt.widgets.driving.desk import GuiDesk
from slop_qt.window import MainWindow

__all__ = ["LAST", "run_replay"]

LAST = "last"
_HELPERS_DEADLINE_S = 2.0
_NAMED_AT_MOST = 10


@dataclass(frozen=True, slots=True)
class _Found:
    """A recorded run, and the project that it was in; None where its folder is not known."""

    note: RunNote
    project: Path | None

    @property
    def project_name(self) -> str:
        """The name that is shown."""
        return self.project.name if self.project is not None else self.note.journal.parent.name.rpartition("-")[0]


def run_replay(options: LaunchOptions, run: str, speed: float) -> int:
    """Show the recorded run until the window is quit. Returns the exit code.

    run is a run id or its beginning, or `last`. It is looked for in the project that options name, then in all projects
    of the data directory.

    Raises:
        UsageError: there is no such run, or more than one.
        ConfigurationError: the settings do not hold.
    """
    settings = settings_for(options)
    try:
        found = _find(options, run)
        recording = Recording(found.note.run_id, read_run(found.note))
    except StoreError as error:
        complain(error)
        return CANNOT_START
    application = gui_application()
    main_loop = MainLoop(application)
    theme = Theme(application, resource_path("icons"), settings.theme, dressed=False)
    with tempfile.TemporaryDirectory(prefix="slop-qt-replay-") as scratch:
        replay = _Replay(options, settings, found, Playback(recording, main_loop.loop, speed), Path(scratch))
        code = main_loop.run(lambda: replay.show(main_loop, theme), _nothing_is_owed)
    theme.retire()
    return code


class _Replay:
    """What plays one recording in a window. Lives in the main thread. Nothing is written but to the scratch folder."""

    def __init__(
        self, options: LaunchOptions, settings: Settings, found: _Found, playback: Playback, scratch: Path
    ) -> None:
        self._options = options
        self._settings = settings
        self._found = found
        self._playback = playback
        self._scratch = scratch
        self._helpers = HelperPool()
        self._registry = CommandRegistry()
        self._entrance = Entrance(options, None)

    async def show(self, main_loop: MainLoop, theme: Theme) -> list[str]:
        """From opening the window to taking it down. Returns the names of threads that are still alive."""
        window: MainWindow | None = None
        try:
            self._register(main_loop)
            self._listen(main_loop)
            context = self._context(main_loop, theme)
            context.selection.select(recorded_track_id(self._playback.recording))
            bar = ReplayBar(theme, self._playback)
            window = MainWindow(context, bar)
            theme.dress()
            window.show()
            bar.take_keyboard()
            GuiDesk(self._helpers, window.build_panels, window).register(self._registry)
            await main_loop.until_quit()
            await window.keep_edits()
        except SlopError as error:
            complain(error)
            main_loop.exit_code = CANNOT_START
        self._playback.close()
        await self._entrance.leave(None)
        if window is not None:
            window.dispose()
        return await self._helpers.shutdown(_HELPERS_DEADLINE_S)

    def _register(self, main_loop: MainLoop) -> None:
        project = self._found.project or Path(self._found.project_name)
        ReplayDesk(self._playback, self._found.project, self._helpers).register(self._registry)
        AppCommands(project, main_loop, headless=False).register(self._registry)

    def _listen(self, main_loop: MainLoop) -> None:
        """Answer on the socket, if that is wanted. Subscribers get the whole recording: all of it is committed."""
        if self._options.automation is None and not self._settings.automation:
            return
        recording = self._playback.recording
        self._entrance.listen(
            Behind(
                registry=self._registry,
                events=recording,
                read_journal=recording.read,
                offload=self._helpers,
                on_fault=main_loop.on_fault,
            )
        )

    def _context(self, main_loop: MainLoop, theme: Theme) -> WindowContext:
        socket = self._entrance.path
        return make_context(
            feed=self._playback,
            registry=self._registry,
            theme=theme,
            settings=self._window_settings(),
            facts=WindowFacts(
                version=__version__,
                project=self._found.project_name,
                socket=str(socket) if socket is not None else None,
                mode=self._settings.mode,
                workers=self._settings.limits.workers,
                recording=self._playback.recording.run_id,
            ),
            throttles=list,
            editing=Editing(
                offload=self._helpers, drafts=DraftStore(self._scratch / "drafts"), verify_problem=_no_problem
            ),
            start=partial(_start, main_loop),
            on_quit=main_loop.request_quit,
            now=self._playback.now,
        )

    def _window_settings(self) -> QSettings:
        """The layout as the person has it; what becomes of it here is forgotten."""
        copy = self._scratch / "window.ini"
        original = self._options.data_folder / copy.name
        if original.is_file():
            shutil.copyfile(original, copy)
        return QSettings(str(copy), QSettings.Format.IniFormat)


def _start(main_loop: MainLoop, work: Coroutine[Any, Any, None]) -> None:
    main_loop.start(work)


def _nothing_is_owed() -> None:
    """Where the loop breaks there is nothing to save: what was shown is in its journal."""


async def _no_problem(_line: str) -> str | None:
    await asyncio.sleep(0)
    return None


def _find(options: LaunchOptions, run: str) -> _Found:
    """The run of that id, or the only one that begins so.

    Raises:
        UsageError: there is none, or more than one; it names some of those there are.
        StoreError: a journal cannot be read.
        ConfigurationError: the data directory lies in the project.
    """
    project = _repository(options.project)
    own = ProjectPaths.of(options.data_folder, project).journal if project is not None else None
    notes = _matching(own, run) if own is not None else []
    if not notes:
        notes = _matching_anywhere(options.data_folder, own, run)
    exact = [note for note in notes if note.run_id == run]
    notes = exact or notes
    if len(notes) > 1:
        raise UsageError(f"More than one recorded run begins with {run}.", f"There are: {_listed(notes)}.")
    if not notes:
        raise UsageError(_nothing(options, run), _known(options, own))
    return _Found(notes[0], project if notes[0].journal == own else None)


def _matching(journal: Path, run: str) -> list[RunNote]:
    if run != LAST:
        return runs_beginning(journal, run)
    newest = newest_run(journal)
    return [newest] if newest is not None else []


def _matching_anywhere(data_folder: Path, own: Path | None, run: str) -> list[RunNote]:
    """Of the other projects; one whose journal cannot be read is passed over where another has the run."""
    notes: list[RunNote] = []
    failure: StoreError | None = None
    for journal in journals_in(data_folder):
        if journal == own:
            continue
        try:
            notes += _matching(journal, run)
        except StoreError as error:
            failure = failure or error
    if not notes and failure is not None:
        raise failure
    if run == LAST and notes:
        return [max(notes, key=lambda note: note.run_id)]  # run ids begin with their time
    return notes


def _nothing(options: LaunchOptions, run: str) -> str:
    if run == LAST:
        return f"No run is recorded in {options.data_folder}."
    return f"No recorded run begins with {run}, in no project of {options.data_folder}."


def _known(options: LaunchOptions, own: Path | None) -> str:
    """What there is instead: of this project, or else of any."""
    notes = runs_beginning(own, "") if own is not None else []
    if not notes:
        for journal in journals_in(options.data_folder):
            with contextlib.suppress(StoreError):  # what was asked for is in none that can be read
                notes += runs_beginning(journal, "")
    return f"There are: {_listed(notes)}." if notes else "Run something first, or choose another --data-dir."


def _listed(notes: list[RunNote]) -> str:
    newest = sorted((note.run_id for note in notes), reverse=True)
    more = len(newest) - _NAMED_AT_MOST
    return ", ".join(newest[:_NAMED_AT_MOST]) + (f", and {more} older ones" if more > 0 else "")


def _repository(folder: Path) -> Path | None:
    """The repository that the folder is in, without asking git, which might write."""
    folder = folder.resolve()
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), None)
