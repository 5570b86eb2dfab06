"""Running commands so that nothing of them is left: the shipped `CommandRunner` where there is no OS sandbox.

asyncio's own subprocesses are not used: cancelling one hangs now and then, leaves grandchildren behind, and waiting for
one hangs while a grandchild holds its pipe.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping

from slop_qt.core.errors import ToolError
from slop_qt.core.ports import CommandRequest, CommandResult
from slop_qt.workspace.environment import command_environment

__all__ = ["PosixCommandRunner"]

_GRACE_S = 0.5  # for the pipe after the end: a grandchild may hold it
_CHUNK = 1 << 16


class PosixCommandRunner:
    """Runs each command in a process group of its own, and kills that group in every case.

    What calls `setsid` itself leaves the group and is not reached: only an OS sandbox kills a whole tree.

    Stateless; for the loop of any thread, provided it has `add_reader`. Processes are forked in the calling thread.
    """

    def __init__(self, parent_environment: Mapping[str, str], *, pidfd: bool = hasattr(os, "pidfd_open")) -> None:
        self._environment = command_environment(parent_environment)
        self._pidfd = pidfd

    async def run(self, request: CommandRequest) -> CommandResult:
        """Run it to its end, its time or the cancellation of this call; nothing of it is left when this returns.

        Raises:
            ToolError: the program or the folder does not exist, or may not be executed.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        running = _Running(self._start(request), loop, request.output_limit)
        try:
            running.watch(pidfd=self._pidfd)
            timed_out = not await running.ends_within(request.timeout_s)
        finally:
            running.close()
        return CommandResult(
            exit_code=None if timed_out else running.process.returncode,
            output=running.output.text(),
            dropped_bytes=running.output.dropped,
            timed_out=timed_out,
            duration_s=loop.time() - started,
        )

    def _start(self, request: CommandRequest) -> "subprocess.Popen[bytes]":
        command = request.command
        argv = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        if not request.cwd.is_dir():
            raise ToolError(f"The folder {request.cwd} does not exist.", "Nothing was run.")
        try:
            return subprocess.Popen(
                argv,
                cwd=request.cwd,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise ToolError(
                f"There is no program {argv[0]!r}.", "Check its name and whether it is installed; nothing was run."
            ) from None
        except (OSError, ValueError, IndexError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ToolError(f"The command cannot be started: {reason}.", "Nothing was run.") from None


class _Running:
    """One process group, its output, and who watches for its end. For the thread that made it."""

    def __init__(self, process: "subprocess.Popen[bytes]", loop: asyncio.AbstractEventLoop, output_limit: int) -> None:
        self.process = process
        self.output = _Output(output_limit)
        self._loop = loop
        self._exited = asyncio.Event()
        self._drained = asyncio.Event()
        assert process.stdout is not None
        self._pipe = process.stdout
        self._pidfd: int | None = None

    def watch(self, *, pidfd: bool) -> None:
        os.set_blocking(self._pipe.fileno(), False)
        self._loop.add_reader(self._pipe.fileno(), self._read)
        if pidfd:
            self._pidfd = os.pidfd_open(self.process.pid)
            self._loop.add_reader(self._pidfd, self._exit_seen)
        else:
            threading.Thread(target=self._wait_elsewhere, name=f"wait {self.process.pid}", daemon=True).start()

    async def ends_within(self, timeout_s: float) -> bool:
        """Whether it ended by itself; else it was killed. In both cases the rest of its output has been waited for."""
        in_time = await _happens(self._exited, timeout_s)
        if not in_time:
            self._kill()
        await _happens(self._drained, _GRACE_S)
        return in_time

    def close(self) -> None:
        """Kill the group while the leader is not reaped yet (else its number may be somebody else's), then reap."""
        self._kill()
        self._loop.remove_reader(self._pipe.fileno())
        self._pipe.close()
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:  # stuck in the kernel, on a dead network drive for example
            threading.Thread(target=self.process.wait, name=f"reap {self.process.pid}", daemon=True).start()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: PermissionError where all are zombies
            os.killpg(self.process.pid, signal.SIGKILL)

    def _read(self) -> None:
        """One chunk a turn of the loop: the neighbours are served in between, however much there is."""
        try:
            chunk = os.read(self._pipe.fileno(), _CHUNK)
        except BlockingIOError:
            return
        if chunk:
            self.output.add(chunk)
        else:
            self._loop.remove_reader(self._pipe.fileno())
            self._drained.set()

    def _exit_seen(self) -> None:
        assert self._pidfd is not None
        self._loop.remove_reader(self._pidfd)
        self._exited.set()

    def _wait_elsewhere(self) -> None:
        with contextlib.suppress(ChildProcessError):  # reaped meanwhile
            if hasattr(os, "waitid"):
                os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
            else:  # macOS before Python 3.13: reaps, and leaves a moment in which the group's number may be reused
                self.process.wait()
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits
            self._loop.call_soon_threadsafe(self._exited.set)


async def _happens(event: asyncio.Event, timeout_s: float) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True


class _Output:
    """The first and the last bytes of a stream of any length, in memory of twice the limit at most."""

    def __init__(self, limit: int) -> None:
        self._head_limit = limit // 2
        self._tail_limit = limit - self._head_limit
        self._head = bytearray()
        self._tail = bytearray()
        self._cut = 0

    def add(self, chunk: bytes) -> None:
        room = self._head_limit - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if len(self._tail) > 2 * self._tail_limit:
            self._trim()

    @property
    def dropped(self) -> int:
        self._trim()
        return self._cut

    def text(self) -> str:
        """What was kept, with a line where something is missing."""
        if not self.dropped:
            return (self._head + self._tail).decode("utf-8", "replace")
        gap = f"\n[… {self.dropped:,} bytes of output left out …]\n"
        return self._head.decode("utf-8", "replace") + gap + self._tail.decode("utf-8", "replace")

    def _trim(self) -> None:
        surplus = len(self._tail) - self._tail_limit
        if surplus > 0:
            del self._tail[:surplus]
            self._cut += surplus
