"""What the fork server starts is what `python -m` starts, from outside and inside, and each start is the first one."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forked_process import ForkedProcess, ForkServer
from simulation_support import WAIT_S, Project, kept_environment, until

ROOT = Path(__file__).parents[2]
# All that a program can see of how it was started.
LOOK_AROUND = """
import atexit, gc, json, locale, os, resource, signal, sys, tempfile, threading
from PySide6.QtCore import QCoreApplication
atexit.register(print, "the end")
print(json.dumps({
    "arguments": sys.argv, "environment": dict(os.environ), "folder": os.getcwd(), "path": sys.path,
    "open": [fd for fd in range(3, 512) if os.path.exists(f"/proc/self/fd/{fd}")],
    "signals": {number: str(signal.getsignal(number)) for number in range(1, 32)},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "wakes": signal.set_wakeup_fd(-1),
    "group": os.getpgrp(), "session": os.getsid(0), "mask": os.umask(0o22), "gc": gc.isenabled(),
    "limits": resource.getrlimit(resource.RLIMIT_NOFILE), "temporary": tempfile.gettempdir(),
    "threads": [threading.active_count(), threading.current_thread() is threading.main_thread()],
    "main": [__name__, sys.modules["__main__"].__dict__ is globals()], "qt": QCoreApplication.instance() is not None,
    "streams": [[stream.fileno(), stream.name, stream.mode, stream.encoding, stream.errors, stream.line_buffering,
                 stream.write_through, stream.isatty()] for stream in (sys.stdin, sys.stdout, sys.stderr)],
    "kept": [sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__],
    "flags": str(sys.flags), "warnings": sys.warnoptions, "locale": locale.getlocale(),
    "read": sys.stdin.read(),
}))
sys.exit(7)
"""
ENDS = {
    "its end": ("print('done')", 0),
    "a code": ("raise SystemExit(3)", 3),
    "a sentence": ("raise SystemExit('no')", 1),
    "at once": ("import os; os._exit(9)", 9),
    "an exception": ("import atexit; atexit.register(print, 'bye'); raise ValueError('what')", 1),
    "an interrupt": ("import os, signal; os.kill(os.getpid(), signal.SIGINT)\nwhile True: pass", -signal.SIGINT),
    "a kill": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    "a crash": ("import os; print('lost', flush=True); os.abort()", -signal.SIGABRT),
    "a full standard output": ("import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); print('lost')", 120),
    "a thread": ("import threading; threading.Thread(target=lambda: print('last')).start(); print('first')", 0),
}

Start = Callable[..., "ForkedProcess | subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    """A server of these tests' own."""
    server = ForkServer(kept_environment())
    yield server
    server.close()
    assert server.process.returncode == 0


@pytest.fixture
def environment(project: Project) -> dict[str, str]:
    """What the program is given."""
    return {**project.environment, "PYTHONPATH": str(ROOT), "MINE": "ä"}


def both(server: ForkServer) -> tuple[Start, Start]:
    """The same start, by the server and with an interpreter of its own."""

    def forked(project: Project, environment: dict[str, str], *arguments: str, **streams: object) -> ForkedProcess:
        return server.start(arguments, module="program", cwd=project.folder, env=environment, **streams)

    def fresh(
        project: Project, environment: dict[str, str], *arguments: str, **streams: object
    ) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "program", *arguments]
        return subprocess.Popen(command, cwd=project.folder, env=environment, **streams)  # type: ignore[call-overload,no-any-return]

    return forked, fresh


def write(project: Project, program: str) -> None:
    (project.folder / "program.py").write_text(program)


def test_a_program_finds_everything_as_in_an_interpreter_of_its_own(server, project, environment):
    write(project, LOOK_AROUND)
    found = []
    for start in both(server):
        with (project.folder / "README.md").open() as text, (project.home / "err").open("wb") as err:
            process = start(project, environment, "a b", "\udcff", "", stdin=text, stdout=subprocess.PIPE, stderr=err)
            out, none = process.communicate(timeout=WAIT_S)
        assert (process.returncode, none, (project.home / "err").read_bytes()) == (7, None, b"")
        line, last = out.decode().splitlines()
        assert last == "the end"
        found.append(json.loads(line))
    forked, fresh = found
    assert fresh["read"] == "A project.\n" and fresh["environment"]["MINE"] == "ä" and fresh["open"] == []
    assert forked.pop("environment") == fresh.pop("environment")
    assert forked == fresh


def test_at_a_terminal_its_streams_are_those_of_an_interpreter_of_its_own(server, project, environment):
    write(project, LOOK_AROUND.replace("sys.stdin.read()", "sys.stdin.readline()"))
    found = []
    for start in both(server):
        master, slave = os.openpty()
        process = start(project, environment, stdin=slave, stdout=subprocess.PIPE, stderr=slave)
        os.close(slave)
        os.write(master, b"typed\n")
        out, _ = process.communicate(timeout=WAIT_S)
        os.close(master)
        found.append(json.loads(out.decode().splitlines()[0]))
    assert found[0]["read"] == "typed\n"
    assert found[0]["streams"] == found[1]["streams"]


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_as_an_interpreter_of_its_own_does(end, server, project, environment):
    program, code = ENDS[end]
    write(project, program)
    ended = []
    for start in both(server):
        process = start(project, environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=WAIT_S)
        assert process.poll() == process.wait() == process.returncode
        ended.append((process.returncode, out, err.decode().splitlines()[-1:]))
    assert ended[0] == ended[1]
    assert ended[0][0] == code


def test_nothing_of_one_reaches_the_next(server, project, environment):
    first = """
import os, random, signal, sys, builtins, uuid
os.environ["LEFT"] = "behind"; builtins.left = True; sys.argv.append("left"); os.chdir("/")
signal.signal(signal.SIGTERM, signal.SIG_IGN); sys.modules["json"] = None
print(random.random(), uuid.uuid4())
"""
    second = """
import builtins, json, os, random, signal, sys, uuid
assert "LEFT" not in os.environ and "MINE" not in os.environ, os.environ
assert not hasattr(builtins, "left") and len(sys.argv) == 1 and os.getcwd() != "/"
assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
print(random.random(), uuid.uuid4())
"""
    said = []
    for program, given in ((first, environment), (second, {**project.environment, "PYTHONPATH": str(ROOT)})):
        write(project, program)
        process = both(server)[0](
            project, given, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = process.communicate(timeout=WAIT_S)
        assert (process.returncode, err) == (0, b"")
        said += out.split()
    assert len(set(said)) == 4


def test_while_it_runs_it_is_written_to_waited_for_and_killed(server, project, environment):
    write(project, "print(input(), flush=True); input(); print('no more')")
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = both(server)[0](project, environment, **pipes)
    process.stdin.write(b"hello\n")
    assert process.stdout.readline() == b"hello\n"
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    assert Path(f"/proc/{process.pid}/cwd").readlink() == project.folder
    process.kill()
    assert process.communicate(timeout=WAIT_S) == (b"", b"")
    assert process.returncode == -signal.SIGKILL
    process.kill()  # it may be somebody else by now
    assert not Path(f"/proc/{process.pid}").exists()


def test_many_at_once_are_told_apart(server, project, environment):
    write(project, "import sys; sys.exit(int(input()))")
    start = both(server)[0]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = [start(project, environment, **pipes) for _ in range(8)]
    for code, process in reversed(list(enumerate(running))):
        process.stdin.write(b"%d\n" % code)
    for process in running:
        process.communicate(timeout=WAIT_S)
    assert [process.returncode for process in running] == list(range(8))


def test_modules_are_imported_before_where_that_is_asked_for(server, project, environment):
    write(project, "import sys; sys.exit('this' in sys.modules)")
    for preload, code in (((), 0), (("this",), 1), ((), 1)):
        process = both(server)[0](project, environment, preload=preload)
        assert process.wait(WAIT_S) == code


def test_an_interpreter_that_would_start_otherwise_is_not_for_the_server(server, environment):
    assert server.suits(environment)
    assert not server.suits({**environment, "PYTHONIOENCODING": "ascii"})
    assert not server.suits({**environment, "LC_ALL": "C"})


def test_a_server_that_is_gone_is_said_to_be(project, environment):
    server = ForkServer(kept_environment(), bare=True)
    write(project, "input()")
    process = both(server)[0](project, environment, stdin=subprocess.PIPE)
    server.process.kill()
    with pytest.raises(RuntimeError, match="The fork server has ended"):
        process.wait(WAIT_S)
    process.stdin.close()
    until(lambda: not Path(f"/proc/{process.pid}/fd/0").exists(), "the orphan to end")
    server.close()


def test_without_who_started_it_the_server_ends(project):
    starts = "import os, sys; sys.path.insert(0, sys.argv[1]); from forked_process import ForkServer; "
    starts += "print(ForkServer(os.environ, bare=True).process.pid, flush=True); os._exit(0)"
    command = [sys.executable, "-c", starts, str(ROOT / "tests")]
    done = subprocess.run(command, env=project.environment, capture_output=True, text=True, timeout=60, check=True)
    server = Path("/proc") / done.stdout.strip() / "cwd"
    until(lambda: not os.path.lexists(server) or not server.exists(), "the server to end")


def test_who_names_the_same_folder_shares_a_server_until_the_last_one_closes(project, environment):
    write(project, "import sys; sys.exit('this' in sys.modules)")
    starts = (kept_environment(), kept_environment(), {**kept_environment(), "LANG": "C"})
    first, second, other = (ForkServer(start, project.home, bare=True) for start in starts)
    assert first.process is not None and second.process is None and other.process is not None
    assert both(first)[0](project, environment, preload=["this"]).wait(WAIT_S) == 1
    first.close()
    assert both(second)[0](project, environment).wait(WAIT_S) == 1
    assert both(other)[0](project, environment).wait(WAIT_S) == 0
    second.close()
    other.close()
    assert (first.process.wait(WAIT_S), other.process.wait(WAIT_S)) == (0, 0)
    third = ForkServer(kept_environment(), project.home, bare=True)
    assert both(third)[0](project, environment).wait(WAIT_S) == 0, "nobody is at the address of the first any more"
    third.close()
    assert third.process is not None and third.process.wait(WAIT_S) == 0
