"""The fork server: starts the application without the second that an interpreter and its imports take.

It has imported everything that `slop_qt` has, and made nothing: no application of Qt, no thread, no loop. For each
start it forks. The child gets what a fresh process would have got (standard streams, environment, folder, signals,
arguments; nothing else is open), runs the module, and ends as an interpreter does (`_leave`). What an interpreter reads
only when it starts (PYTHONHASHSEED, PYTHONIOENCODING, LANG and the like) is as it was in the server.

A script. Its argument is the socket on which each `forked_process.ForkServer` connects; when the last one has gone, it
ends. A request is one byte with five file descriptors: the child's standard streams, a pipe for its process id and exit
code, and a file with the rest as JSON. With `bare` as a second argument it has imported nothing.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# What most runs and windows import later. Not keyring: it looks at the environment when it is imported.
ALSO = ("genai_prices", "httpx2", "watchfiles")
# Without what imports set, as PySide6 does.
STARTED_WITH = dict(os.environ)


def preload() -> None:
    """Import all of the application."""
    import slop_qt

    for module in pkgutil.walk_packages(slop_qt.__path__, "slop_qt."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ALSO:
        importlib.import_module(name)
    # What is only read, and read again where the environment of a child names other certificates.
    from slop_qt.providers.certificates import trusted_context
    from slop_qt.providers.pricing import Prices

    trusted_context()
    Prices()


def serve(listening: socket.socket) -> str:
    """Fork whenever that is asked for, until nobody can ask any more. Returns in the children: the module to run."""
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    children: dict[int, int] = {}
    clients = [listening.accept()[0]]
    while clients:
        ready = select.select([listening, *clients, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 512)
            _report_ended(children)
        if listening in ready:
            clients.append(listening.accept()[0])
        for client in [client for client in clients if client in ready]:
            message, received, _, _ = socket.recv_fds(client, 1, 5)
            if not message:
                clients.remove(client)
                continue
            status, request = received[3:]
            asked = json.loads(os.pread(request, os.fstat(request).st_size, 0))
            for module in asked["preload"]:
                importlib.import_module(module)
            gc.freeze()
            pid = os.fork()
            if pid == 0:
                for one in (listening, *clients):
                    one.detach()
                _become(received[:3], asked)
                return str(asked["module"])
            children[pid] = status
            os.write(status, b"%d\n" % pid)
            for fd in (*received[:3], request):
                os.close(fd)
    os._exit(0)


def _report_ended(children: dict[int, int]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        told = children.pop(pid)
        with suppress(BrokenPipeError):  # nobody wants to know
            os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
        os.close(told)


def _become(streams: Sequence[int], asked: dict[str, Any]) -> None:
    """Make the forked child what a fresh `python -m slop_qt` is."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, fd in enumerate(streams):
        os.dup2(fd, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old, mode = getattr(sys, name), "wb" if number else "rb"
        binary = open(number, mode, closefd=False)  # noqa: SIM115  # it stays open, as every standard stream
        at_once = number == 2 or os.isatty(number)
        text = TextIOWrapper(binary, old.encoding, old.errors, newline="\n", line_buffering=at_once)
        binary.raw.name, text.mode = old.name, mode[0]  # type: ignore[misc]  # as at the start of an interpreter
        setattr(sys, name, text)
        setattr(sys, f"__{name}__", text)
    imported = {name: value for name, value in os.environ.items() if STARTED_WITH.get(name) != value}
    os.environ.clear()
    os.environ.update({**imported, **asked["env"]})
    time.tzset()
    tempfile.tempdir = None
    os.chdir(asked["cwd"])
    sys.path[0] = asked["cwd"]
    sys.argv = ["-m", *asked["arguments"]]
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def _leave(code: object) -> None:
    """Do what an interpreter does at its end, in its order, except take apart all modules and all that they hold.

    Those are the server's, and doing it takes three times as long as a small run. What complains that it was dropped
    does it here. Where something is left to say (a code that is a sentence, an output that takes nothing more) this
    returns, and the interpreter says it.
    """
    if not (code is None or isinstance(code, int)):
        return
    threading._shutdown()  # type: ignore[attr-defined]  # what multiprocessing ends its processes with, too
    gc.collect()
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return
    os._exit((code or 0) & 0xFF)


def main() -> None:
    """Serve; in a child, run the module to its end."""
    # A Ctrl-C on the terminal is for pytest: the server ends when that does. A child heeds it when it is one.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    sys.path[0] = str(ROOT)  # not the tests' folder
    gc.disable()  # imports make much and drop nothing
    if sys.argv[2:] != ["bare"]:
        preload()
    gc.freeze()  # what is never looked at is not copied either
    module = serve(socket.socket(fileno=int(sys.argv[1])))
    gc.enable()
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        _leave(end.code)
        raise


if __name__ == "__main__":
    main()
