"""Builds every object of a running application but its window, and takes them down in order."""

import os
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from slop_qt.agents.recording import Recorder
from slop_qt.app_commands import AppCommands
from slop_qt.calibrating import Calibrating
from slop_qt.core.errors import StoreError
from slop_qt.core.events import Fault
from slop_qt.core.ports import Offload, Provider, ThrottleState
from slop_qt.core.settings import Settings
from slop_qt.entrance import Entrance
from slop_qt.launch import LaunchOptions
from slop_qt.mma.approval_desk import ApprovalDesk
from slop_qt.mma.bus import Bus
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.feed import StateFeed
from slop_qt.mma.model_desk import ModelDesk
from slop_qt.mma.provider_shelf import ProviderShelf
from slop_qt.mma.rule_desk import RuleDesk
from slop_qt.mma.session import Session
from slop_qt.mma.session_parts import SessionParts
from slop_qt.providers.price_list import PriceList
from slop_qt.providers.registry import SCRIPTED
from slop_qt.providers.servers import key_variables
from slop_qt.providers.token_counter import TokenCounters
from slop_qt.qt.editing.track_shelf import Editing
from slop_qt.qt.helper_pool import HelperPool
from slop_qt.qt.lanes import LanePool
from slop_qt.qt.main_loop import MainLoop
from slop_qt.qt.socket_server import Behind, SocketServer
from slop_qt.store.conductor.folder import ConductorFolder
from slop_qt.store.conductor.watch import ConductorWatch
from slop_qt.store.context_choices import ContextChoiceStore
from slop_qt.store.drafts import DraftStore
from slop_qt.store.journal import Journal
from slop_qt.store.keys import KeyStore
from slop_qt.store.logs import configure_logging
from slop_qt.store.paths import ProjectPaths
from slop_qt.store.preferences import Preferences
from slop_qt.store.process_lock import ProcessLock
from slop_qt.store.system_prompts import PromptFolder
from slop_qt.tools.shell_syntax import shell_problem
from slop_qt.workspace.processes import PosixCommandRunner
from slop_qt.workspace.repository import Repository

__all__ = ["Engine"]

LANES_DEADLINE_S = 4.0
HELPERS_DEADLINE_S = 2.0
JOURNAL_DEADLINE_S = 5.0


class Engine:
    """One open project and what works on it. Lives in the main thread.

    `start` builds from the bottom up; `shutdown` goes the same way back and may be called after a start that failed.
    """

    def __init__(
        self,
        options: LaunchOptions,
        settings: Settings,
        main_loop: MainLoop,
        *,
        headless: bool,
        server: SocketServer | None = None,
    ) -> None:
        """server is the process's socket, where another project answers on it until `come_in`."""
        self.options = options
        self.preferences = Preferences(options.settings_path, settings)
        self.headless = headless
        self.registry = CommandRegistry()
        self._main_loop = main_loop
        self._undo: list[Callable[[], None]] = []
        self._lanes = LanePool(on_fault=self.fault)
        self._helpers = HelperPool()
        self._counters = TokenCounters()
        self._calibrating = Calibrating(self._counters)
        self._keys = KeyStore(os.environ)
        self._models = ModelDesk(
            preferences=self.preferences, keys=self._keys, offload=self._helpers, environment=os.environ
        )
        self._providers = ProviderShelf(
            preferences=self.preferences,
            keys=self._keys,
            offload=self._helpers,
            environment=os.environ,
            unpaced=options.unpaced,
        )
        self._prices = PriceList(os.environ, lambda: self.settings.servers)
        self._recorder = Recorder(options.record, options.tools) if options.record else None
        self._lock: ProcessLock | None = None
        self._journal: Journal | None = None
        self._entrance = Entrance(options, server)
        self._bus: Bus
        self._drafts: DraftStore
        self._root: Path
        self._watch: ConductorWatch | None = None
        self.feed: StateFeed
        self.session: Session | None = None
        self.answers: Path  # where planning answers are kept that could not be used

    async def start(self) -> None:
        """Open the project, read its journal, and answer on the socket if that is wanted.

        Raises:
            HeldError: another process works on it.
            ConfigurationError: the data directory or a program is missing.
            WorkspaceError: the folder is no repository that can be worked on.
            StoreError: the journal cannot be opened.
        """
        repository = Repository(self.options.project)
        await self._helpers.run(repository.inspect)
        paths = ProjectPaths.create(self.options.data_folder, repository.root)
        self._drafts = DraftStore(paths.drafts)
        self._root = repository.root
        self.answers = paths.answers
        self._lock = ProcessLock(paths.lock)
        self._lock.acquire()
        self._keys.mask(key_variables(self.settings.servers))
        self._undo.append(configure_logging(paths.logs, self.options.log_level, self._keys.secrets))
        journal = Journal(paths.journal)
        await self._helpers.run(journal.open)
        self._bus = Bus(journal)
        self.feed = StateFeed(self._bus, self._main_loop.loop)
        self._journal = journal
        journal.on_failure = self._journal_failed
        self._main_loop.on_fault = self.fault
        await self.feed.load(journal.read(), self._helpers)
        await self._helpers.run(partial(self._calibrating.restore, paths.token_calibration))
        self.session = Session(self._parts(repository, paths))
        self.session.register(self.registry)
        self._models.register(self.registry)
        RuleDesk(self.preferences, self._helpers).register(self.registry)
        of_app = AppCommands(self.project, self._main_loop, headless=self.headless)
        of_app.register(self.registry)
        of_app.refuse_window(self.registry)
        self.session.close_interrupted()
        if self.server is None and (self.options.automation is not None or self.settings.automation):
            self._entrance.listen(self._behind())
        self._lock.set_socket(self.socket)

    @property
    def socket(self) -> Path | None:
        """Where this process answers; None: nowhere."""
        return self._entrance.path

    @property
    def server(self) -> SocketServer | None:
        """The process's socket."""
        return self._entrance.server

    @property
    def settings(self) -> Settings:
        """What is in force at this moment."""
        return self.preferences.current

    @property
    def project(self) -> Path:
        """The repository that is open."""
        return self.options.project.resolve()

    @property
    def bus(self) -> Bus:
        """Where events go in."""
        return self._bus

    @property
    def offload(self) -> Offload:
        """The helper pool."""
        return self._helpers

    @property
    def editing(self) -> Editing:
        """What a window's editor checks and keeps edits with."""
        return Editing(offload=self._helpers, drafts=self._drafts, verify_problem=self._verify_problem)

    def watch_tracks(self, on_change: Callable[[], None]) -> None:
        """Call it in the main loop from now on, whenever somebody (we too) has written to conductor/."""

        def tell(_paths: frozenset[str]) -> None:
            self._main_loop.loop.call_soon_threadsafe(on_change)

        self._watch = ConductorWatch(self._root, tell)
        self._watch.start()

    def fault(self, where: str, message: str) -> None:
        """Record an unexpected failure. Main thread."""
        hint = "The application goes on. If it happens again, please report it with the log."
        self._bus.publish(Fault(where=where, message=message, hint=hint))

    def come_in(self) -> None:
        """Answer on the process's socket, in place of the project before."""
        self._entrance.come_in(self._behind())

    async def shutdown(self, part: Callable[[], Awaitable[None]] | None = None) -> list[str]:
        """End everything in order: agents, lanes, events, journal, socket, recording, helpers, lock.

        part is what is done in the place of closing the socket, where another project comes next. Returns the names of
        the threads that are still alive; nothing waits for them any more.
        """
        if self._watch is not None:
            await self._helpers.run(self._watch.stop)
        if self.session is not None:
            await self.session.close()
        alive = await self._lanes.shutdown(LANES_DEADLINE_S)
        await self._helpers.run(self._calibrating.keep)
        if self._journal is not None:
            await self.feed.settle()
            self.feed.close()
            self._bus.close()
            await self._close_journal(self._journal)
        await self._entrance.leave(part)  # after the journal: subscribers are owed every committed event
        await self._helpers.run(self._write_record)
        alive += await self._helpers.shutdown(HELPERS_DEADLINE_S)
        self._release()
        return alive

    def emergency_close(self) -> None:
        """What can still be done when the loop itself is broken: journal and recording are written, the lock let go."""
        try:
            if self._watch is not None:
                self._watch.stop()
            if self._journal is not None:
                self._bus.close()
                self._journal.close(JOURNAL_DEADLINE_S)
            self._write_record()
        finally:
            self._release()

    def provider(self, name: str) -> Provider:
        """The provider of that name, as the settings have it now; what is known of its models is read too.

        Slow: for helper threads.

        Raises:
            ConfigurationError: there is no such provider, or its key or scenario is missing.
        """
        if name != SCRIPTED:
            self._models.catalog.load()
        provider = self._providers.get(name)
        return self._recorder.wrap(provider) if self._recorder else provider

    def throttles(self) -> list[ThrottleState]:
        """How each provider in use is slowed down. From any thread, at once."""
        return [provider.throttle.state() for provider in self._providers.made()]

    async def _verify_problem(self, line: str) -> str | None:
        runner = PosixCommandRunner(os.environ)
        asked = partial(shell_problem, line, runner, self.project)
        return await self._lanes.run(asked, name="check of a verify command")

    def _parts(self, repository: Repository, paths: ProjectPaths) -> SessionParts:
        return SessionParts(
            project=repository.root,
            repository=repository,
            worktrees=paths.worktrees,
            folder=ConductorFolder(repository.root),
            preferences=self.preferences,
            sink=self._bus,
            feed=self.feed,
            desk=ApprovalDesk(self._bus),
            lanes=self._lanes,
            offload=self._helpers,
            commands=PosixCommandRunner(os.environ),
            provider=self.provider,
            tools=self.options.tools,
            prompts=PromptFolder(self.options.prompts_folder),
            context_choices=ContextChoiceStore(paths.context_choices),
            counters=self._counters,
            limit_tokens=self._models.catalog.limit_tokens,
            price=self._prices.cost_usd,
            worst_case=self._prices.worst_case,
        )

    def _behind(self) -> Behind:
        assert self._journal is not None
        return Behind(
            registry=self.registry,
            events=self._bus,
            read_journal=self._journal.read,
            offload=self._helpers,
            on_fault=self.fault,
        )

    async def _close_journal(self, journal: Journal) -> None:
        try:
            await self._helpers.run(partial(journal.close, JOURNAL_DEADLINE_S))
        except StoreError as error:
            self._not_kept(error)

    def _write_record(self) -> None:
        """Leave what was answered as a scenario, however the run ended. In any thread, after the lanes."""
        if self._recorder is None or self.session is None:
            return
        try:
            path = self._recorder.write()
            if path not in {None, self.options.record}:
                print(f"slop-qt: recorded in {path}.", file=sys.stderr)  # noqa: T201
        except StoreError as error:
            self._not_kept(error)

    def _not_kept(self, error: StoreError) -> None:
        self._main_loop.exit_code = self._main_loop.exit_code or 1
        print(f"slop-qt: {error}", file=sys.stderr)  # noqa: T201

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
        while self._undo:
            self._undo.pop()()

    def _journal_failed(self, error: StoreError) -> None:
        """Called in the journal's thread: nothing may go on that cannot be recorded."""
        self._main_loop.loop.call_soon_threadsafe(self.fault, "journal", str(error))
