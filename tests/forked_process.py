"""The application as a process of its own, started by the fork server: what tests use of it."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any
from zlib import crc32

__all__ = ["ForkServer", "ForkedProcess"]

ROOT = Path(__file__).parents[1]
END_S = 30.0
# What an interpreter heeds only when it starts.
AT_START = re.compile(r"PYTHON[A-Z]+|LANG|LANGUAGE|LC_\w+")


class ForkedProcess:
    """A child of the server, with what tests use of subprocess.Popen. Its exit code comes from the server."""

    def __init__(self, pid: int, status: IO[bytes], pipes: Sequence[IO[bytes] | None]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin, self.stdout, self.stderr = pipes
        self._status = status
        self._read: dict[IO[bytes], bytearray] = {}

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code as soon as it has ended, minus the number of the signal that ended it.

        Raises:
            subprocess.TimeoutExpired: it has not ended in so many seconds.
        """
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("slop-qt", timeout or 0)
            self.returncode = int(_line(self._status))
            self._status.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[bytes | None, bytes | None]:
        """What it wrote on its standard output and error, where they are pipes, as soon as it has ended."""
        deadline = None if timeout is None else time.monotonic() + timeout
        if self.stdin is not None:
            self.stdin.close()
        streams = [stream for stream in (self.stdout, self.stderr) if stream is not None]
        while still_open := [stream for stream in streams if not stream.closed]:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready = select.select(still_open, [], [], left)[0]
            if not ready:
                raise subprocess.TimeoutExpired("slop-qt", timeout or 0)
            for stream in ready:
                data = os.read(stream.fileno(), 65536)
                self._read.setdefault(stream, bytearray()).extend(data)
                if not data:
                    stream.close()
        self.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
        out, err = (None if stream is None else bytes(self._read[stream]) for stream in (self.stdout, self.stderr))
        return out, err

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """A server, from the side of the tests. It ends when its last client closes, or ends.

    Clients that name the same folder, and start their interpreters alike, share a server and what it has imported;
    without one it is the caller's own. The first client starts it; bare, it imports only what is asked for.

    Attributes:
        process: the server, where it was started here.
    """

    def __init__(self, environment: Mapping[str, str], shared: Path | None = None, *, bare: bool = False) -> None:
        self._environment = {**environment, "PYTHONPATH": str(ROOT)}
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self._shared = shared is not None
        self._bare = bare
        self._control = socket.socket(socket.AF_UNIX)
        if shared is None:
            with TemporaryDirectory(prefix="slop-qt-") as folder:
                self._begin(Path(folder) / "s")
        else:
            alike = crc32(json.dumps(_at_start(environment), sort_keys=True).encode())
            address = shared / f"fork-{alike:08x}"
            try:
                self._control.connect(str(address))
            except (FileNotFoundError, ConnectionRefusedError):
                self._begin(address)

    def _begin(self, address: Path) -> None:
        """Start the server. Whoever does so at the same time has one more, which only those after it share."""
        with socket.socket(socket.AF_UNIX) as listening:
            bound = address.with_suffix(f".{os.getpid()}")
            listening.bind(str(bound))
            listening.listen(64)
            bound.replace(address)
            script = str(Path(__file__).with_name("fork_server.py"))
            command = [sys.executable, script, str(listening.fileno()), *(["bare"] if self._bare else [])]
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, pass_fds=[listening.fileno()]
            )
            self._control.connect(str(address))

    def suits(self, environment: Mapping[str, str]) -> bool:
        """Whether an interpreter with that environment would start as the server's did."""
        return _at_start(self._environment) == _at_start(environment)

    def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        module: str = "slop_qt",
        preload: Sequence[str] = (),
        **streams: Any,
    ) -> ForkedProcess:
        """`python -m` that module with these arguments; streams are as subprocess.Popen has them.

        preload names modules that this one and those after it find imported.
        """
        asked = {"module": module, "arguments": list(arguments), "cwd": str(cwd), "env": dict(env)}
        words = json.dumps({**asked, "preload": list(preload)})
        ours: list[int] = []
        pipes: list[IO[bytes] | None] = []
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            end, pipe = _stream(streams.get(name), number)
            ours.append(end)
            pipes.append(pipe)
        reading, writing = os.pipe()
        request = os.memfd_create("request")
        os.write(request, words.encode())
        status = os.fdopen(reading, "rb", buffering=0)
        try:
            with self._lock:
                socket.send_fds(self._control, [b"."], [*ours, writing, request])
        finally:
            for end in (*ours, writing, request):
                os.close(end)
        return ForkedProcess(int(_line(status)), status, pipes)

    def close(self) -> None:
        """End the server, if it is the caller's own; what it started goes on."""
        self._control.close()
        if self._shared or self.process is None:
            return
        try:
            self.process.wait(END_S)
        finally:
            self.process.kill()
            self.process.wait()


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if AT_START.fullmatch(name) and name != "PYTHONPATH"}


def _stream(wanted: Any, number: int) -> tuple[int, IO[bytes] | None]:
    """The child's end, to be closed after it was sent, and ours where it is a pipe."""
    if wanted == subprocess.PIPE:
        reading, writing = os.pipe()
        if number == 0:
            return reading, os.fdopen(writing, "wb", buffering=0)
        return writing, os.fdopen(reading, "rb", buffering=0)
    if wanted == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDWR), None
    return os.dup(number if wanted is None else wanted if isinstance(wanted, int) else wanted.fileno()), None


def _line(status: IO[bytes]) -> bytes:
    """The server's next word about a child."""
    line = status.readline()
    if not line:
        status.close()
        raise RuntimeError("The fork server has ended, and with it what was known of this process; see standard error.")
    return line
