"""The one event loop of the main thread, and the one way in which the application ends."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from functools import partial
from types import TracebackType
from typing import Any, NoReturn

import qasync
from PySide6.QtCore import QCoreApplication

from slop_qt.qt.collector import Collector
from slop_qt.qt.lanes import OnFault, describe_error

__all__ = ["MainLoop"]

INTERRUPTED = 130
_THREADS_DEADLINE_S = 0.5


class MainLoop:
    """A qasync loop around a Qt application. Lives in the main thread.

    `request_quit` may be called any number of times, from signals, windows and commands: the first one counts.
    Exceptions that nobody awaits, in slots, callbacks and threads, go to `on_fault` and to the log.
    """

    def __init__(self, application: QCoreApplication) -> None:
        self.loop = qasync.QEventLoop(application)
        asyncio.set_event_loop(self.loop)
        self.on_fault: OnFault = _to_stderr
        self.exit_code = 0
        self._quit = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def quitting(self) -> bool:
        """Whether the end has been asked for."""
        return self._quit.is_set()

    def request_quit(self, exit_code: int = 0) -> None:
        """Begin the shutdown; a second request does nothing."""
        if not self._quit.is_set():
            self.exit_code = exit_code
            self._quit.set()

    async def until_quit(self) -> None:
        """Return when the end has been asked for."""
        await self._quit.wait()

    def start(
        self, work: Coroutine[Any, Any, None], excused: Callable[[BaseException], bool] | None = None
    ) -> asyncio.Task[None]:
        """Run a coroutine in the background; what it raises is a fault, unless `excused` says that it is none.

        The task is of the coroutine itself, not of one around it: that would be all that ends, where the task is
        cancelled before its first step, and the one inside would be left unawaited.
        """
        task: asyncio.Task[None] = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(partial(self._background_ended, excused))
        return task

    def run(self, main: Callable[[], Coroutine[Any, Any, list[str]]], emergency: Callable[[], None]) -> int:
        """Run `main` to its end and return the exit code.

        main returns the names of threads that are still alive: then the process ends here and at once, since the
        interpreter would wait for them for ever. The same where main or the loop itself broke, after `emergency`.
        """
        before = set(threading.enumerate())
        undo = self._install()
        try:
            alive = self.loop.run_until_complete(main())
            self._cancel_background()
        except Exception as error:  # noqa: BLE001  # the edge of the process: nobody above could shut it down
            self._report("main loop", error)
            _to_stderr("main loop", describe_error(error))
            emergency()
            _leave_at_once(self.exit_code or 1)
        finally:
            undo()
        self.loop.close()
        asyncio.set_event_loop(None)
        alive += _unfinished_threads(before)
        if alive:
            logging.getLogger(__name__).error("Threads that did not end: %s", "; ".join(alive))
            _to_stderr("shutdown", f"these did not end and are left behind: {'; '.join(alive)}")
            _leave_at_once(self.exit_code)
        return self.exit_code

    def _install(self) -> Callable[[], None]:
        """Take over signals, garbage collection and the hooks of unhandled exceptions; the result puts them back."""
        collector = Collector()
        collector.start()
        hook, thread_hook = sys.excepthook, threading.excepthook
        sys.excepthook = self._unhandled
        threading.excepthook = self._unhandled_in_thread
        self.loop.set_exception_handler(self._unhandled_in_loop)
        signals = _signals_to_end_by()
        for number in signals:
            self.loop.add_signal_handler(number, self.request_quit, INTERRUPTED)

        def undo() -> None:
            sys.excepthook, threading.excepthook = hook, thread_hook
            for number in signals:
                with contextlib.suppress(RuntimeError):
                    self.loop.remove_signal_handler(number)
            collector.close()

        return undo

    def _background_ended(self, excused: Callable[[BaseException], bool] | None, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if excused is None or not excused(error):
            self._report("background", error)

    def _cancel_background(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            self.loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))

    def _unhandled(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self.request_quit(INTERRUPTED)
            return
        self._report("window", error.with_traceback(trace))

    def _unhandled_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._report(f"thread {args.thread.name if args.thread else '?'}", args.exc_value)

    def _unhandled_in_loop(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            self._report("loop", error)
        else:
            self.on_fault("loop", str(context.get("message", "something unexpected")))

    def _report(self, where: str, error: BaseException) -> None:
        logging.getLogger(__name__).error("Unexpected error in %s", where, exc_info=error)
        self.on_fault(where, describe_error(error))


def _signals_to_end_by() -> list[signal.Signals]:
    """Ctrl-C, a polite kill, and the end of the terminal, unless `nohup` says that this is none."""
    signals = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    return signals


def _leave_at_once(exit_code: int) -> NoReturn:
    """End the process without waiting for any thread."""
    logging.shutdown()
    sys.stdout.flush()
    os._exit(exit_code)


def _unfinished_threads(before: set[threading.Thread]) -> list[str]:
    """The names of new threads that the interpreter would wait for, after they had a moment to end."""
    others = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    deadline = time.monotonic() + _THREADS_DEADLINE_S
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [f"thread {thread.name}" for thread in others if thread.is_alive()]


def _to_stderr(where: str, message: str) -> None:
    print(f"slop-qt: {where}: {message}", file=sys.stderr)  # noqa: T201
