"""A run goes on among two hundred idle clients and some that do what they can to disturb it."""

import json
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from one_story import Listener, check_one_story, nothing_is_left, scene, tickets_of
from simulation_support import WAIT_S, Project, ticket, until
from staying import KINDS, Kind, staying

from slop_qt.automation import Client

WORKERS = tuple(f"T-{number}" for number in range(1, 9))
LONG = "A long story. " * 75_000  # about a megabyte
CUT_OFF = 16 << 20  # a client that leaves that much unread is sent away


@contextmanager
def connected(project: Project) -> Iterator[socket.socket]:
    """A connection on which nothing was said."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(WAIT_S)
        connection.connect(str(project.socket))
        yield connection


def line(request_id: int, method: str, **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}).encode() + b"\n"


def say_hello(project: Project, connection: socket.socket) -> None:
    token = project.socket.with_name(f"{project.socket.name}.token").read_text().strip()
    connection.sendall(line(1, "app.hello", token=token))
    assert b'"result"' in connection.recv(1 << 16)


def said_to(project: Project, rude: bytes, *, hello: bool = True) -> tuple[dict[str, Any], bool]:
    """What a line is answered with, and whether the connection was closed then."""
    with connected(project) as connection, connection.makefile("rb") as answers:
        if hello:
            say_hello(project, connection)
        connection.sendall(rude)
        answer = json.loads(answers.readline())
        try:
            connection.sendall(line(2, "app.info"))
            return answer, answers.readline() == b""
        except (BrokenPipeError, ConnectionResetError):
            return answer, True


def check_rude_lines(project: Project) -> None:
    """Each is answered with what is wrong with it, and bounded."""
    for rude, code in {
        b"[" * 200_000 + b"]" * 200_000 + b"\n": -32700,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n": -32700,
        b'{"jsonrpc": "2.0", "id": 3, "method": "\xff\xfe"}\n': -32700,
        b'[{"jsonrpc": "2.0", "id": 3, "method": "app.info"}]\n': -32600,
    }.items():
        answer, closed = said_to(project, rude)
        assert (answer["error"]["code"], closed) == (code, False), rude[:40]
    answer, closed = said_to(project, line(1, "app.quit"), hello=False)
    assert (answer["error"]["code"], closed) == (-32006, True)


def check_endless_line(project: Project, other: Client) -> None:
    """Whoever never ends a line is sent away in the end, and others are served meanwhile."""
    with connected(project) as connection, pytest.raises((BrokenPipeError, ConnectionResetError)):
        while True:
            connection.sendall(b"x" * (1 << 20))
            other.call("app.info")


def dies_in_a_call(project: Project, run_id: str) -> None:
    """One waits for the run's end and goes, one goes in the middle of its own words."""
    with Client(project.socket, timeout_s=WAIT_S) as client:
        client.send("run.wait", {"run_id": run_id})
        client.send("track.plan", {"track_id": "nothing"})
    with connected(project) as connection:
        connection.sendall(b'{"jsonrpc": "2.0", "id": 1, "meth')


def stop_reading(project: Project, connection: socket.socket, run_id: str) -> None:
    """Ask for much more than is kept for a client that fetches none of it."""
    say_hello(project, connection)
    for number in range(2 * CUT_OFF // len(LONG)):
        connection.sendall(line(number, "stream.read", stream_id="Tier 3: talks", run_id=run_id))


def sent_away(connection: socket.socket) -> bool:
    """Whether the other end has closed; nothing is read for that."""
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_ends_with_the_right_figures_whoever_else_is_there(project, same_figures, kind: Kind):
    head = project.git("rev-parse", "HEAD")
    track = project.track(*(ticket(name) for name in (*WORKERS, "talks")))
    turns, defaults = scene("among_hostile_clients")
    talks = [{**one, "ticket": "talks", "text": LONG} for one in turns]  # before the question, and after its answer
    with staying(kind, project, *talks, *turns, **defaults) as client, ExitStack() as company:
        idle = [company.enter_context(connected(project)) for _ in range(100)]
        quiet = [company.enter_context(Client(project.socket, timeout_s=WAIT_S)) for _ in range(100)]
        listener = Listener(project)
        run_id = client.call("run.start", track_id=track, mode="edits", workers=16)["run_id"]
        dies_in_a_call(project, run_id)
        check_rude_lines(project)
        check_endless_line(project, client)
        questions = until(lambda: asked(client, 1 + len(WORKERS)), "the questions")
        stop_reading(project, idle[0], run_id)
        for question in questions:
            client.call("approvals.resolve", id=question["id"], decision="approve", edited={"answer": "Yes."})
        until(lambda: sent_away(idle[0]), "the end of who does not read")
        status = client.wait_run(run_id)
        assert tickets_of(status) == dict.fromkeys((*WORKERS, "talks"), "done")
        expected = {f"Tier 3: {name}": turns[0]["text"] + turns[1]["text"] for name in WORKERS}
        assert status["mma_streams"] == {**expected, "Tier 3: talks": LONG + LONG}
        same_figures(client)
        assert {other.call("app.info")["pid"] for other in quiet} == {client.info["pid"]}
        assert not any(sent_away(connection) for connection in idle[1:])
        assert client.info["headless"] or client.call("gui.screenshot")["png_base64"]
    check_one_story(project, listener.all(), [status])
    nothing_is_left(project, head)


def asked(client: Client, count: int) -> list[dict[str, Any]] | None:
    """The approvals, once so many wait."""
    found = client.call("approvals.list")["approvals"]
    return found if len(found) == count else None
