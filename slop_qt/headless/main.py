"""Opens a project without a window, does one job, and shuts down in order."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QCoreApplication

from slop_qt.core.errors import SlopError, UsageError
from slop_qt.engine import Engine
from slop_qt.headless.asking import TerminalDesk
from slop_qt.headless.failures import CANNOT_START, complain, exit_code_for
from slop_qt.headless.nobody import NobodyThere
from slop_qt.headless.output import Output, make_writable
from slop_qt.headless.progress import JsonLines, ProgressLines
from slop_qt.launch import LaunchOptions, settings_for
from slop_qt.qt.main_loop import MainLoop

__all__ = ["Job", "exit_code_for", "run_headless"]


Job = Callable[[Engine], Coroutine[Any, Any, int]]


def run_headless(
    options: LaunchOptions, job: Job, *, output: Output | None = None, json: bool = False, may_ask: bool = True
) -> int:
    """Open the project, do the job, and shut down in order. Returns the exit code.

    output takes progress, or with json the events; may_ask False leaves approvals that wait alone.

    Raises:
        SlopError: the settings or options do not hold; nothing was opened.
    """
    settings = settings_for(options)
    make_writable()
    application = QCoreApplication.instance() or QCoreApplication(["slop-qt"])
    main_loop = MainLoop(application)
    engine = Engine(options, settings, main_loop, headless=True)

    async def main() -> list[str]:
        try:
            await engine.start()
        except SlopError as error:
            complain(error)
            main_loop.request_quit(2 if isinstance(error, UsageError) else CANNOT_START)
            return await engine.shutdown()
        return await _Attended(engine, main_loop, output or Output(sys.stdout), json=json, may_ask=may_ask).work(job)

    return main_loop.run(main, engine.emergency_close)


class _Attended:
    """A started engine with who watches it: standard output, and the terminal, the socket or nobody to decide."""

    def __init__(self, engine: Engine, main_loop: MainLoop, output: Output, *, json: bool, may_ask: bool) -> None:
        self._engine = engine
        self._main_loop = main_loop
        self._output = output
        self._output.on_failure = self._unreadable
        self._json = JsonLines(engine.bus.last_seq, main_loop.loop, output) if json else None
        self._terminal: TerminalDesk | None = None
        if may_ask and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
            self._terminal = TerminalDesk(engine.feed.state, engine.registry, main_loop.loop, self._terminal_gone)
        self._nobody: NobodyThere | None = None
        if may_ask and (engine.socket is None or engine.options.automation_scope == "observe"):
            self._nobody = NobodyThere(engine.feed.state, self._give_up, asking=self._terminal is not None)

    async def work(self, job: Job) -> list[str]:
        """The job to its end or the first request to quit, then the shutdown. Returns threads that are still alive."""
        self._subscribe()
        working = asyncio.create_task(self._do(job), name="job")
        await self._main_loop.until_quit()
        working.cancel()
        await asyncio.wait([working])
        if self._terminal is not None:
            self._terminal.close()
        alive = await self._engine.shutdown()
        if self._json is not None:
            self._json.flush()
        return alive

    def _subscribe(self) -> None:
        engine = self._engine
        if self._json is not None:
            engine.bus.subscribe_committed(self._json.take)
        else:
            progress = ProgressLines(engine.feed.state, self._output, says_waiting=self._terminal is None)
            engine.feed.subscribe(progress.hear)
        if engine.socket is not None:
            print(f"slop-qt: answers on {engine.socket}", file=sys.stderr, flush=True)  # noqa: T201
        for listener in (self._terminal, self._nobody):
            if listener is not None:
                engine.feed.subscribe(listener.hear)

    async def _do(self, job: Job) -> None:
        code = 1
        try:
            code = await job(self._engine)
        except SlopError as error:
            code = exit_code_for(error)
            if not self._main_loop.quitting:
                complain(error)
        except Exception as error:  # the edge of the program: nobody else would say it
            logging.getLogger(__name__).exception("The job failed")
            folder = self._engine.options.data_folder
            complain(
                f"An unexpected {type(error).__name__} ended the run: {error}. Please report it; {folder} has logs."
            )
        finally:
            self._main_loop.request_quit(code)

    def _give_up(self, sentence: str, code: int) -> None:
        if not self._main_loop.quitting:
            complain(sentence)
            self._main_loop.request_quit(code)

    def _terminal_gone(self) -> None:
        if self._nobody is not None:
            self._nobody.asking = False
            self._nobody.look()

    def _unreadable(self, error: OSError) -> None:
        self._give_up(f"Standard output cannot be written to: {error.strerror or os.strerror(error.errno or 0)}.", 1)
