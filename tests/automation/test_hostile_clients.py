"""Clients that mean no good, on one real application with a window that is at work: they are refused, others served."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from protocol_story import kept_alive
from simulation_support import WAIT_S, Application, Project, finish, ticket, turn, until, write_file

from slop_qt.automation import Client
from slop_qt.automation.protocol import NotAuthorisedError

IDLE = 200
WORKERS = 4
MIB = 1 << 20


class Raw:
    """A connection that says any bytes."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(WAIT_S)
        self.socket.connect(str(path))
        self._lines = self.socket.makefile("rb")

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self.socket.close()

    def ask(self, line: bytes) -> dict[str, Any]:
        """Say a line, hear a line."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # what it said before it closed is still read
            self.socket.sendall(line + b"\n")
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer

    def code(self, line: bytes) -> int:
        """The number of the error that answers a line."""
        return int(self.ask(line)["error"]["code"])

    def is_closed(self) -> bool:
        """Whether the other end closes now."""
        try:
            return self._lines.read(1) == b""
        except ConnectionError:
            return True


def request(method: str, number: int = 1, **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Application, Client]]:
    """The application: its workers have said much already, and wait for an answer to go on."""
    project = Project(tmp_path_factory.mktemp("at_work"))
    names = [f"T-{number:03}" for number in range(1, WORKERS + 1)]
    track = project.track(*(ticket(name) for name in names))
    ask = {"name": "ask_user", "input": {"question": "Go on?"}}
    turns = [
        each
        for name in names
        for each in (
            turn(3, ask, ticket=name, turn=1, text="Before. " * 20_000),
            turn(3, write_file(name), finish(), ticket=name, turn=2, text="After. " * 20_000),
        )
    ]
    project.settings(rules=[{"action": "allow", "kind": "merge"}])
    scenario = project.scenario(*turns, chunk_chars=400)
    with kept_alive("window", project, "--scenario", scenario) as (application, client):
        client.call("run.start", track_id=track, mode="edits", workers=WORKERS)
        until(lambda: len(client.call("approvals.list")["approvals"]) == WORKERS, "the questions of all")
        yield application, client
        client.call("app.quit")
        assert application.result().code == 0


@pytest.fixture
def path(at_work: tuple[Application, Client]) -> Path:
    return at_work[1].socket_path


@pytest.fixture
def raw(path: Path) -> Iterator[Raw]:
    """A connection after its hello."""
    with Raw(path) as connection:
        token = path.with_name(f"{path.name}.token").read_text()
        assert "result" in connection.ask(request("app.hello", token=token))
        yield connection


def serves(client: Client) -> None:
    """Somebody else is answered."""
    assert len(client.call("approvals.list")["approvals"]) in {0, WORKERS}
    assert client.call("gui.get", name="tracks.tree", property="visible")["value"] is not None


@pytest.mark.parametrize(
    "first",
    [
        request("app.hello", token="wrong"),
        request("app.hello"),
        request("app.quit"),
        request("run.list"),
        b"GET / HTTP/1.1",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"",
    ],
    ids=lambda line: repr(line[:50]),
)
def test_whoever_does_not_know_the_token_is_sent_away(path: Path, first: bytes) -> None:
    with Raw(path) as stranger:
        assert stranger.code(first) == -32006
        assert stranger.is_closed()


def test_a_client_with_a_wrong_token_is_told_so(path: Path, at_work: tuple[Application, Client]) -> None:
    with pytest.raises(NotAuthorisedError):
        Client(path, token="wrong", timeout_s=WAIT_S)
    serves(at_work[1])


def test_lines_that_are_no_requests_are_refused_and_the_connection_goes_on(raw: Raw) -> None:
    inside = b'{"jsonrpc": "2.0", "id": 1, "method": "run.list", "params": {"x": %b}}'
    assert raw.code(b'{"jsonrpc": "2.0", "id": 1, "method": "run.l\xffst"}') == -32700
    assert raw.code(b'{"jsonrpc": "2.0", "id": 1, "method": "\xed\xa0\x80"}') == -32700
    assert raw.code(b"[" * 200_000) == -32700
    assert raw.code(inside % (b"[" * 70 + b"]" * 70)) == -32700
    assert raw.code(inside % (b'{"a":' * 900 + b"1" + b"}" * 900)) == -32700
    assert raw.code(inside % b"NaN") == -32700
    assert raw.code(b"[%b]" % request("run.list")) == -32600
    assert raw.code(b"[]") == -32600
    assert raw.code(b'"run.list"') == -32600
    assert raw.code(b'{"jsonrpc": "2.0", "id": 1, "method": "run.list", "params": ["newest"]}') == -32602
    assert raw.code(inside % b"1") == -32602
    hello = request("app.hello", token="x", colour="red")
    assert len(raw.ask(request("run.list"))["result"]["runs"]) == 1
    assert raw.code(hello) == -32006 and raw.is_closed()


def test_a_line_of_4_mib_is_read_and_a_longer_one_closes(raw: Raw, at_work: tuple[Application, Client]) -> None:
    fitting = request("run.list", x="")
    fitting = fitting.replace(b'""', b'"%b"' % (b"x" * (4 * MIB - len(fitting))))
    assert len(fitting) == 4 * MIB and raw.code(fitting) == -32602
    assert raw.code(fitting + b" ") == -32600
    assert raw.is_closed()
    serves(at_work[1])


def test_an_endless_line_takes_no_memory_and_no_time_of_others(raw: Raw, at_work: tuple[Application, Client]) -> None:
    application, client = at_work
    before = memory(application)
    piece = b"x" * MIB
    sent = 0
    raw.socket.settimeout(1.0)
    with contextlib.suppress(OSError):  # it is cut off, or is read no further
        while sent < 64:
            raw.socket.sendall(piece)
            sent += 1
            serves(client)
    assert memory(application) - before < 48 * MIB
    serves(client)


def test_a_reader_that_stops_is_cut_off(raw: Raw, at_work: tuple[Application, Client]) -> None:
    application, client = at_work
    asked = request("mma.status") + b"\n"  # 640 kB of streams in each answer
    raw.socket.settimeout(0.0)

    def is_cut_off() -> bool:
        try:
            raw.socket.send(asked)
        except BlockingIOError:
            pass
        except OSError:
            return True
        serves(client)
        return False

    until(is_cut_off, "the end of a client that does not read")
    assert application.process.poll() is None


def test_200_idle_clients_keep_nobody_waiting(path: Path, at_work: tuple[Application, Client]) -> None:
    with contextlib.ExitStack() as idle:
        for number in range(IDLE):
            connection = idle.enter_context(Raw(path))
            if number % 2:  # half of them have not even said hello, or only half of it
                connection.socket.sendall(b'{"jsonrpc": "2.0", "id": 1, "meth')
        serves(at_work[1])
        with Client(path, timeout_s=WAIT_S) as another:
            serves(another)
    serves(at_work[1])


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user, which needs root")
def test_another_user_is_not_let_in(path: Path, at_work: tuple[Application, Client]) -> None:
    other = (
        "import os, socket, sys\n"
        "here = os.open(os.path.dirname(sys.argv[1]), os.O_PATH)\n"  # opened as root: the folders above are closed, too
        "os.setgid(65534), os.setuid(65534)\n"
        "place = f'/proc/self/fd/{here}/{os.path.basename(sys.argv[1])}'\n"
        "for attempt in (lambda: socket.socket(socket.AF_UNIX).connect(place), lambda: open(place + '.token')):\n"
        "    try:\n"
        "        attempt()\n"
        "    except PermissionError:\n"
        "        print('refused')\n"
    )
    argv = [sys.executable, "-c", other, str(path)]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split() == ["refused"] * 2
    serves(at_work[1])


def test_clients_that_die_in_the_middle_of_calls_change_nothing(
    path: Path, at_work: tuple[Application, Client]
) -> None:
    for _ in range(20):
        dying = Client(path, timeout_s=WAIT_S)
        for method in ("run.wait", "mma.status", "events.subscribe"):
            dying.send(method, {})
        dying.close()
    serves(at_work[1])
    assert at_work[1].get_mma_status()["status"] == "running"


def memory(application: Application) -> int:
    """Bytes that the application has in memory."""
    pages = Path(f"/proc/{application.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
