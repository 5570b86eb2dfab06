"""The two clients against the real server: calls, errors, waits, the ends of connections."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qt_support import MainLoop, until
from socket_support import TIMEOUT_S, Application

from slop_qt.automation import AsyncClient, Client
from slop_qt.automation.protocol import ConnectionLostError, NotAuthorisedError, ProtocolError, error_code
from slop_qt.core.errors import (
    ConfigurationError,
    ConflictError,
    InvalidInputError,
    NotPossibleError,
    SlopError,
    WaitTimedOutError,
)

Run = Callable[[Callable[[Application], Any]], None]


@pytest.fixture
def run(main_loop: MainLoop, tmp_path: Path) -> Run:
    """Run a scenario against an application."""

    def run(scenario: Callable[[Application], Any]) -> None:
        async def whole() -> None:
            async with Application(tmp_path) as app:
                await scenario(app)

        main_loop.run(whole(), timeout_s=60.0)

    return run


def test_hello_is_said_on_connecting(run: Run) -> None:
    async def scenario(app: Application) -> None:
        def client() -> dict[str, Any]:
            with Client(app.path) as connected:
                return connected.info

        assert (await app.outside(client))["pid"] == os.getpid()

    run(scenario)


def test_the_environment_names_socket_and_token(run: Run) -> None:
    async def scenario(app: Application) -> None:
        token_file = app.path.with_name("a.sock.token")
        environ = {"SLOP_QT_SOCKET": str(app.path), "SLOP_QT_TOKEN": token_file.read_text()}
        token_file.unlink()

        def client() -> Any:
            with Client(environ=environ) as connected:
                return connected.info["name"]

        assert await app.outside(client) == "slop_qt"

    run(scenario)


@pytest.mark.parametrize(
    ("method", "params", "kind", "code"),
    [
        ("run.cancel", {}, ConflictError, -32002),
        ("mma.status", {}, NotPossibleError, -32003),
        ("run.wait", {"timeout_s": 0}, WaitTimedOutError, -32004),
        ("run.wait", {"colour": "red"}, InvalidInputError, -32602),
        ("no.such", {}, ProtocolError, -32601),
        ("run.list", {}, ProtocolError, -32603),
        ("app.hello", {"token": "wrong"}, NotAuthorisedError, -32006),
    ],
)
def test_an_error_is_raised_as_what_it_was(
    run: Run, method: str, params: dict[str, Any], kind: type[SlopError], code: int
) -> None:
    async def scenario(app: Application) -> None:
        def client() -> SlopError:
            with app.client() as connected, pytest.raises(kind) as caught:
                connected.call(method, **params)
            return caught.value

        async def async_client() -> SlopError:
            async with AsyncClient(app.path, timeout_s=TIMEOUT_S) as connected:
                with pytest.raises(kind) as caught:
                    await connected.call(method, **params)
            return caught.value

        error = await app.outside(client)
        same = await app.outside(lambda: asyncio.run(async_client()))
        assert (type(error), error.message, error.hint) == (type(same), same.message, same.hint)
        assert error_code(error) == code
        if isinstance(error, WaitTimedOutError):
            assert "mma_streams" in error.state

    run(scenario)


def test_a_wrong_token_is_not_let_in(run: Run) -> None:
    async def scenario(app: Application) -> None:
        def client() -> None:
            with pytest.raises(NotAuthorisedError, match=r"app\.hello"):
                Client(app.path, token="wrong")

        async def async_client() -> None:
            with pytest.raises(NotAuthorisedError):
                async with AsyncClient(app.path, token="wrong"):
                    pytest.fail("it was let in")

        await app.outside(client)
        await app.outside(lambda: asyncio.run(async_client()))

    run(scenario)


def test_answers_may_be_fetched_in_any_order(run: Run) -> None:
    async def scenario(app: Application) -> None:
        def client() -> list[Any]:
            with app.client() as connected:
                waits = connected.send("run.wait", {})
                info = connected.send("app.info", {})
                page = connected.send("stream.read", {"stream_id": "Tier 1"})
                results = [connected.receive(page), connected.receive(info)]
                loop.call_soon_threadsafe(app.handlers.release.set)
                return [*results, connected.receive(waits)]

        loop = asyncio.get_running_loop()
        page, info, status = await app.outside(client)
        assert (page["text"], info["name"], status["mma_streams"]) == ("x", "slop_qt", {})

    run(scenario)


def test_the_async_client_waits_for_many_at_once(run: Run) -> None:
    async def scenario(app: Application) -> None:
        async def client() -> list[str]:
            order: list[str] = []
            async with AsyncClient(app.path, timeout_s=TIMEOUT_S) as connected:

                async def one(method: str, **params: Any) -> None:
                    await connected.call(method, **params)
                    order.append(method)

                async def release() -> None:
                    await one("app.info")
                    loop.call_soon_threadsafe(app.handlers.release.set)

                await asyncio.gather(one("run.wait"), release())
            return order

        loop = asyncio.get_running_loop()
        assert await app.outside(lambda: asyncio.run(client())) == ["app.info", "run.wait"]

    run(scenario)


def test_an_answer_that_comes_too_late_disturbs_nothing(run: Run) -> None:
    async def scenario(app: Application) -> None:
        def client() -> str:
            with Client(app.path, timeout_s=0.05) as connected:
                with pytest.raises(WaitTimedOutError, match=r"within 0\.05 s"):
                    connected.wait_run()
                loop.call_soon_threadsafe(app.handlers.release.set)
                while app.handlers.waiting:
                    connected.call("app.info")
                return str(connected.call("app.info")["name"])

        async def async_client() -> str:
            async with AsyncClient(app.path, timeout_s=0.05) as connected:
                with pytest.raises(WaitTimedOutError):
                    await connected.wait_run()
                loop.call_soon_threadsafe(app.handlers.release.set)
                while app.handlers.waiting:
                    await connected.call("app.info")
                return str((await connected.call("app.info"))["name"])

        loop = asyncio.get_running_loop()
        assert await app.outside(client) == "slop_qt"
        app.handlers.release.clear()
        assert await app.outside(lambda: asyncio.run(async_client())) == "slop_qt"

    run(scenario)


def test_a_connection_that_ends_is_said_to_have_ended(run: Run) -> None:
    async def scenario(app: Application) -> None:
        def client() -> None:
            with app.client() as connected:
                with pytest.raises(ConnectionLostError, match="closed the connection"):
                    connected.wait_run()
                with pytest.raises(ConnectionLostError):
                    connected.call("app.info")

        async def async_client() -> int:
            async with AsyncClient(app.path) as connected:
                events = await connected.subscribe()
                with pytest.raises(ConnectionLostError):
                    await connected.wait_run()
                with pytest.raises(ConnectionLostError):
                    await connected.call("app.info")
                return len([event async for event in events])

        outside = [
            asyncio.create_task(app.outside(client)),
            asyncio.create_task(app.outside(lambda: asyncio.run(async_client()))),
        ]
        await until(lambda: app.handlers.waiting == 2)
        await app.server.close()
        assert await asyncio.gather(*outside) == [None, 0]

    run(scenario)


def test_subscribing_again_ends_the_async_clients_first_iterator(run: Run) -> None:
    async def scenario(app: Application) -> None:
        async def client() -> tuple[int, int]:
            async with AsyncClient(app.path, timeout_s=TIMEOUT_S) as connected:
                first = await connected.subscribe()
                second = await connected.subscribe()
                await connected.unsubscribe()
                return len([event async for event in first]), len([event async for event in second])

        assert await app.outside(lambda: asyncio.run(client())) == (0, 0)

    run(scenario)


def test_parameters_that_cannot_be_sent_are_refused_before(run: Run) -> None:
    async def scenario(app: Application) -> None:
        def client() -> str:
            with app.client() as connected:
                with pytest.raises(InvalidInputError, match="cannot be written as JSON"):
                    connected.call("app.info", x=float("nan"))
                with pytest.raises(InvalidInputError, match="cannot be written as JSON"):
                    connected.call("app.info", x=object())
                with pytest.raises(InvalidInputError, match="longer than 4 MiB"):
                    connected.call("app.info", x="x" * (4 << 20))
                return str(connected.call("app.info")["name"])

        assert await app.outside(client) == "slop_qt"

    run(scenario)


def test_nobody_listening_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No application answers") as caught:
        Client(tmp_path / "none.sock", token="x")
    assert "--automation" in caught.value.hint
    with pytest.raises(ConfigurationError, match="no socket is there"):
        Client(tmp_path / "none.sock", environ={})
