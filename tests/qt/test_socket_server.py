"""The automation socket as those outside see it: who is let in, what is answered, and what is never waited for."""

import asyncio
import contextlib
import json
import os
import resource
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from qt_support import MainLoop, turns, until
from socket_support import TIMEOUT_S, Application, RawClient

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import ConfigurationError, ConflictError

Scenario = Callable[[Application], Awaitable[None]]


def hello(token: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "app.hello", "params": {"token": token}}


def call(method: str, request_id: Any = 7, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


@pytest.fixture
def run(main_loop: MainLoop, tmp_path: Path) -> Callable[..., None]:
    """Run a scenario against an application."""

    def run(scenario: Scenario, **options: Any) -> None:
        async def whole() -> None:
            async with Application(tmp_path, **options) as app:
                await scenario(app)

        main_loop.run(whole(), timeout_s=60.0)

    return run


def test_only_this_user_finds_socket_and_token_and_both_go_when_it_closes(run: Callable[..., None]) -> None:
    seen: list[Path] = []

    async def scenario(app: Application) -> None:
        token = app.path.with_name("a.sock.token")
        assert stat.S_IMODE(app.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        assert len(token.read_text()) >= 32
        seen.extend([app.path, token])

    run(scenario)
    assert [path.exists() for path in seen] == [False, False]


def test_hello_is_answered_with_app_info(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def client() -> dict[str, Any]:
            with app.raw() as raw:
                return raw.ask(hello(app.path.with_name("a.sock.token").read_text()))

        reply = await app.outside(client)
        assert reply == {
            "jsonrpc": "2.0",
            "id": 1,
            "result": {
                "name": "slop_qt",
                "version": "1.0",
                "protocol": 1,
                "pid": os.getpid(),
                "project": "/somewhere",
                "headless": True,
            },
        }
        assert app.handlers.by == [DecidedBy.AUTOMATION]

    run(scenario)


@pytest.mark.parametrize(
    "first",
    [
        hello("wrong"),
        hello(""),
        hello(None),
        hello(7),
        hello("schlüssel"),
        {"jsonrpc": "2.0", "id": 1, "method": "app.hello"},
        call("app.info", 1),
        call("no.such", 1),
        {"jsonrpc": "2.0", "id": 1, "method": "app.hello", "params": ["token"]},
        b"GET / HTTP/1.1",
        b"\xff\xfe",
        b"",
    ],
    ids=str,
)
def test_anything_else_first_is_not_authorised_and_closes(run: Callable[..., None], first: Any) -> None:
    async def scenario(app: Application) -> None:
        def client() -> tuple[dict[str, Any], bool]:
            with app.raw() as raw:
                reply = raw.ask(first)
                return reply, raw.is_closed()

        reply, closed = await app.outside(client)
        assert reply["error"]["code"] == -32006
        assert "app.hello" in reply["error"]["message"]
        assert reply["error"]["data"]["hint"]
        assert closed
        assert app.handlers.by == []

    run(scenario)


def test_a_wrong_hello_later_closes_too(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def client() -> tuple[dict[str, Any], bool]:
            with app.greeted() as raw:
                return raw.ask(hello("wrong")), raw.is_closed()

        reply, closed = await app.outside(client)
        assert (reply["error"]["code"], closed) == (-32006, True)

    run(scenario)


@pytest.mark.parametrize(
    ("line", "code", "request_id", "words"),
    [
        (b"{", -32700, None, "not JSON"),
        (b"", -32700, None, "not JSON"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "app.info"} x', -32700, None, "not JSON"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}', -32700, None, "UTF-8"),
        (b'{"jsonrpc": "2.0", "id": NaN, "method": "app.info"}', -32700, None, "not JSON"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "x", "params": ' + b"[" * 90 + b"]" * 90 + b"}", -32700, None, "deep"),
        (b"[" * 100_000, -32700, None, "not JSON"),
        ([call("app.info")], -32600, None, "Batches"),
        (b"7", -32600, None, "not a number"),
        ({"id": 3, "method": "app.info"}, -32600, 3, '"jsonrpc"'),
        ({"jsonrpc": "1.0", "id": 3, "method": "app.info"}, -32600, 3, '"jsonrpc"'),
        ({"jsonrpc": "2.0", "id": "a", "method": 7}, -32600, "a", "method"),
        ({"jsonrpc": "2.0", "id": "a"}, -32600, "a", "method"),
        ({"jsonrpc": "2.0", "id": [1], "method": "app.info"}, -32600, None, "id"),
        ({"jsonrpc": "2.0", "id": True, "method": "app.info"}, -32600, None, "id"),
        ({"jsonrpc": "2.0", "id": 3, "method": "app.info", "params": [1]}, -32602, 3, "by name"),
        ({"jsonrpc": "2.0", "id": 3, "method": "app.info", "params": None}, -32602, 3, "by name"),
        (call("no.such"), -32601, 7, "no method no.such"),
        (call("epic.propose", text="x"), -32601, 7, "no method epic.propose"),
        (call("run.wait", run_id="R-1", colour="red"), -32602, 7, "run_id, timeout_s"),
        (call("run.start"), -32602, 7, "track_id"),
        (call("run.start", track_id="T", workers=0), -32602, 7, "workers"),
        (call("run.cancel"), -32002, 7, "has ended"),
        (call("run.list"), -32603, 7, "ZeroDivisionError"),
        (call("mma.status"), -32003, 7, "mma.status was cancelled"),
        (call("events.subscribe", kinds=["run_prepared"]), -32602, 7, "stream_text"),
        (call("events.subscribe", from_seq=-1), -32602, 7, "from_seq"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_mistake_is_answered_with_its_code_and_the_connection_goes_on(
    run: Callable[..., None], line: Any, code: int, request_id: Any, words: str
) -> None:
    async def scenario(app: Application) -> None:
        def client() -> tuple[dict[str, Any], dict[str, Any]]:
            with app.greeted() as raw:
                return raw.ask(line), raw.ask(call("app.info", "after"))

        reply, after = await app.outside(client)
        assert reply["error"]["code"] == code
        assert reply["id"] == request_id
        assert words in reply["error"]["message"]
        assert after["id"] == "after"
        assert after["result"]["name"] == "slop_qt"
        assert bool(app.faults) == (code == -32603)

    run(scenario)


def test_an_error_carries_its_hint_and_an_unknown_method_those_that_exist(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def client() -> tuple[dict[str, Any], dict[str, Any]]:
            with app.greeted() as raw:
                return raw.ask(call("run.cancel")), raw.ask(call("no.such"))

        conflict, unknown = await app.outside(client)
        assert conflict["error"]["data"] == {"hint": "Start another one."}
        assert unknown["error"]["data"]["hint"] == (
            "Methods: app.hello, app.info, events.subscribe, events.unsubscribe, mma.status, run.cancel, run.list, "
            "run.start, run.wait, stream.read."
        )

    run(scenario)


def test_a_wait_that_timed_out_holds_the_state(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def client() -> dict[str, Any]:
            with app.greeted() as raw:
                return raw.ask(call("run.wait", timeout_s=0))

        reply = await app.outside(client)
        assert reply["error"]["code"] == -32004
        assert set(reply["error"]["data"]["tier_usage"]) == {"Tier 1", "Tier 2", "Tier 3", "Tier 4"}

    run(scenario)


def test_a_request_without_an_id_is_carried_out_and_not_answered(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        app.handlers.release.set()

        def client() -> dict[str, Any]:
            with app.greeted() as raw:
                raw.say({"jsonrpc": "2.0", "method": "run.start", "params": {"track_id": "T-9"}})
                raw.say({"jsonrpc": "2.0", "method": "no.such"})
                return raw.ask(call("app.info"))

        assert (await app.outside(client))["id"] == 7
        assert app.handlers.started == ["T-9", "T-9 done"]

    run(scenario)


def test_a_waiting_call_never_blocks_the_next(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def client() -> list[Any]:
            with app.greeted() as raw:
                raw.say(call("run.wait", "first"))
                order = [raw.ask(call("app.info", "second"))["id"]]
                raw.say(call("stream.read", "third", stream_id="Tier 1", offset=5))
                order.append(raw.hear()["id"])
                app_loop.call_soon_threadsafe(app.handlers.release.set)
                order.append(raw.hear()["id"])
                return order

        app_loop = asyncio.get_running_loop()
        assert await app.outside(client) == ["second", "third", "first"]

    run(scenario)


def test_many_requests_in_one_go_are_all_answered(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def client() -> set[int]:
            with app.greeted() as raw:
                raw.say(b"\n".join(json.dumps(call("app.info", n)).encode() for n in range(500)))
                return {raw.hear()["id"] for _ in range(500)}

        assert await app.outside(client) == set(range(500))

    run(scenario)


def test_every_connection_gets_its_turn_while_another_has_a_long_queue(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def greedy() -> int:
            with app.greeted() as raw:
                raw.say(b"\n".join(json.dumps(call("app.info", n)).encode() for n in range(3000)))
                while raw.hear()["id"] != 2999:
                    pass
                return len(app.handlers.by)

        def modest() -> int:
            with app.greeted() as raw:
                while len(app.handlers.by) < 100:  # the greedy one is being served
                    raw.ask(call("stream.read", stream_id="Tier 1"))
                before = len(app.handlers.by)
                raw.ask(call("stream.read", stream_id="Tier 1"))
                return len(app.handlers.by) - before

        _, overtaken_by = await asyncio.gather(app.outside(greedy), app.outside(modest))
        assert overtaken_by < 1000

    run(scenario)


def test_the_observing_scope_answers_reading_methods_only(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def client() -> list[dict[str, Any]]:
            with app.greeted() as raw:
                return [
                    raw.ask(call("run.start", track_id="T-1")),
                    raw.ask(call("app.info")),
                    raw.ask(call("events.subscribe")),
                ]

        refused, info, subscribed = await app.outside(client)
        assert refused["error"]["code"] == -32006
        assert "run.start is outside" in refused["error"]["message"]
        assert "result" in info
        assert "seq" in subscribed["result"]
        assert app.handlers.started == []

    run(scenario, scope="observe")


def test_a_client_that_goes_cancels_its_waits_and_no_mutation(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def client() -> RawClient:
            raw = app.greeted()
            raw.say(call("run.wait"))
            raw.say(call("run.start", track_id="T-1"))
            return raw

        raw = await app.outside(client)
        await until(lambda: app.handlers.waiting == 1 and app.handlers.started == ["T-1"])
        raw.close()
        await until(lambda: app.handlers.cancelled == 1)
        await turns()
        assert app.handlers.started == ["T-1"]
        app.handlers.release.set()
        await until(lambda: app.handlers.started == ["T-1", "T-1 done"])

    run(scenario)


def test_a_line_of_exactly_4_mib_is_read_and_a_longer_one_is_refused_and_closes(run: Callable[..., None]) -> None:
    start = b'{"jsonrpc": "2.0", "id": 7, "method": "app.info", "params": {"x": "'
    fitting = start + b"x" * ((4 << 20) - len(start) - 3) + b'"}}'

    async def scenario(app: Application) -> None:
        def client(line: bytes) -> tuple[dict[str, Any], bool]:
            with app.greeted() as raw:
                reply = raw.ask(line)
                closed = "code" in reply["error"] and reply["error"]["code"] == -32600 and raw.is_closed()
                return reply, closed

        reply, _ = await app.outside(lambda: client(fitting))
        assert reply["error"]["code"] == -32602  # read, understood, and told that there is no parameter x
        for longer in (fitting + b" ", fitting + b" " * (4 << 20)):
            reply, closed = await app.outside(partial(client, longer))
            assert reply["error"]["code"] == -32600
            assert "4 MiB" in reply["error"]["message"]
            assert closed

    run(scenario)


def test_an_endless_line_is_refused_in_bounded_memory_while_others_are_served(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def endless() -> int:
            sent = 0
            with app.greeted() as raw:
                try:
                    while sent < 1 << 30:
                        sent += raw.socket.send(b"x" * (1 << 18))
                except ConnectionError:
                    pass
            return sent

        def other() -> dict[str, Any]:
            with app.greeted() as raw:
                return raw.ask(call("app.info"))

        before = resident_bytes()
        writing = asyncio.create_task(app.outside(endless))
        assert "result" in await app.outside(other)
        assert await writing > 4 << 20
        assert resident_bytes() - before < 64 << 20

    run(scenario)


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_client_that_does_not_read_is_cut_off_and_others_are_served(
    run: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(app: Application) -> None:
        app.handlers.text = "y" * (1 << 20)
        cut_off = threading.Event()

        def silent() -> int:
            received = 0
            with app.greeted() as raw:
                # It may be cut off before it has asked for everything, and then what it had asked for was not read.
                with contextlib.suppress(ConnectionError):
                    for n in range(60):
                        raw.say(call("stream.read", n, stream_id="Tier 1"))
                assert cut_off.wait(TIMEOUT_S)
                with contextlib.suppress(ConnectionError):
                    while piece := raw.socket.recv(1 << 20):
                        received += len(piece)
            return received

        def other() -> int:
            with app.greeted() as raw:
                return sum("result" in raw.ask(call("app.info")) for _ in range(50))

        reading = asyncio.create_task(app.outside(silent))
        assert await app.outside(other) == 50
        await until(lambda: "it was cut off" in caplog.text)
        cut_off.set()
        assert await reading < 2 << 20

    run(scenario)


def test_one_answer_of_any_size_reaches_a_client_that_reads(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        app.handlers.text = "z" * (40 << 20)

        def client() -> int:
            with app.greeted() as raw:
                return len(raw.ask(call("stream.read", stream_id="Tier 1"))["result"]["text"])

        assert await app.outside(client) == 40 << 20

    run(scenario)


def test_half_a_surrogate_pair_is_answered_as_an_escape(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        app.handlers.text = "a\ud800b"

        def client() -> str:
            with app.client() as connected:
                return str(connected.call("stream.read", stream_id="Tier 1")["text"])

        assert await app.outside(client) == "a\ud800b"

    run(scenario)


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for both ends of 512 connections in this process."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], 2048), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("many_files")
def test_512_connections_stay_open_and_are_served(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def client() -> int:
            token = app.path.with_name("a.sock.token").read_text()
            with contextlib.ExitStack() as opened:
                clients = [opened.enter_context(app.raw()) for _ in range(512)]
                for raw in clients:
                    raw.say(hello(token))
                return sum("result" in raw.hear() for raw in clients)

        assert await app.outside(client) == 512

    run(scenario)


@pytest.mark.usefixtures("many_files")
def test_512_may_wait_to_be_let_in(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        with contextlib.ExitStack() as opened:
            for _ in range(512):  # the loop does not turn meanwhile: nobody is let in
                client = opened.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                client.setblocking(False)
                client.connect(str(app.path))

    run(scenario)


def test_another_user_is_turned_away_without_a_word(run: Callable[..., None]) -> None:
    async def scenario(app: Application) -> None:
        def client() -> bool:
            with app.raw() as raw:
                return raw.is_closed()

        assert await app.outside(client)

    run(scenario, owner=os.getuid() + 1)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_the_sockets_mode_keeps_another_user_out(main_loop: MainLoop) -> None:
    program = "import os, socket, sys; os.setuid(65534); socket.socket(socket.AF_UNIX).connect(sys.argv[1])"

    async def scenario(folder: Path) -> None:
        async with Application(folder) as app:

            def client() -> str:
                argv = [sys.executable, "-c", program, str(app.path)]
                return subprocess.run(argv, capture_output=True, text=True, check=False).stderr

            assert "PermissionError" in await app.outside(client)

    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        main_loop.run(scenario(Path(name)))


def test_a_dead_socket_is_replaced_and_a_live_one_is_not_taken_over(main_loop: MainLoop, tmp_path: Path) -> None:
    async def scenario() -> None:
        (tmp_path / "second").mkdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
            dead.bind(str(tmp_path / "a.sock"))
        async with Application(tmp_path) as app:
            token = app.path.with_name("a.sock.token").read_text()
            second = Application(tmp_path / "second")
            second.path = app.path
            with pytest.raises(ConflictError, match="Another application is listening"):
                second.server.listen(second.path)
            await second.__aexit__()
            assert app.path.with_name("a.sock.token").read_text() == token

            def client() -> Any:
                with app.client() as connected:
                    return connected.info["pid"]

            assert await app.outside(client) == os.getpid()

    main_loop.run(scenario())


def test_a_file_that_is_no_socket_is_never_removed(main_loop: MainLoop, tmp_path: Path) -> None:
    async def scenario() -> None:
        app = Application(tmp_path)
        app.path.write_text("mine")
        with pytest.raises(ConflictError, match="is no socket"):
            app.server.listen(app.path)
        await app.__aexit__()
        assert app.path.read_text() == "mine"

    main_loop.run(scenario())


def test_a_long_path_is_refused_with_a_sentence(main_loop: MainLoop, tmp_path: Path) -> None:
    async def scenario() -> None:
        app = Application(tmp_path)
        with pytest.raises(ConfigurationError, match=r"has \d+ bytes; at most 100"):
            app.server.listen(tmp_path / ("x" * 100))
        await app.__aexit__()

    main_loop.run(scenario())


def test_closing_answers_what_is_being_done_and_lets_waits_go(main_loop: MainLoop, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Application(tmp_path) as app:

            def client() -> tuple[dict[str, Any], bool]:
                with app.greeted() as raw:
                    raw.say(call("run.wait", "wait"))
                    raw.say(call("run.start", "start", track_id="T-1"))
                    return raw.hear(), raw.is_closed()

            outside = asyncio.create_task(app.outside(client))
            await until(lambda: app.handlers.waiting == 1 and bool(app.handlers.started))
            closing = asyncio.create_task(app.server.close(10.0))
            await until(lambda: app.handlers.cancelled == 1)
            assert not app.path.exists()
            app.handlers.release.set()
            reply, closed = await outside
            assert (reply["id"], closed) == ("start", True)
            await closing

    main_loop.run(scenario())


def test_closing_does_not_wait_for_ever(main_loop: MainLoop, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with Application(tmp_path) as app:

            def client() -> bool:
                with app.greeted() as raw:
                    raw.say(call("run.start", track_id="T-1"))
                    return raw.is_closed()

            outside = asyncio.create_task(app.outside(client))
            await until(lambda: bool(app.handlers.started))
            await app.server.close(0.05)
            assert await outside
            assert app.handlers.started == ["T-1"]

    main_loop.run(scenario())
