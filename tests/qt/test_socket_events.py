"""Events on the socket: only committed ones, in order, with nothing missing and nothing twice."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qt_support import MainLoop, until
from socket_support import TIMEOUT_S, Application

from slop_qt.automation import AsyncClient
from slop_qt.core.errors import InvalidInputError, StoreError
from slop_qt.core.events import Event, Fault, RunPrepared, StreamText

Run = Callable[[Callable[[Application], Any]], None]


@pytest.fixture
def run(main_loop: MainLoop, tmp_path: Path) -> Run:
    """Run a scenario against an application."""

    def run(scenario: Callable[[Application], Any]) -> None:
        async def whole() -> None:
            async with Application(tmp_path) as app:
                await scenario(app)

        main_loop.run(whole(), timeout_s=90.0)

    return run


async def committed(app: Application, count: int) -> None:
    """Until that many events are on disk."""
    await until(lambda: sum(1 for _ in app.journal.read()) >= count)


def texts(events: Iterator[dict[str, Any]], count: int) -> list[int]:
    """The next `count` events as the numbers that they were published with."""
    return [int(event["text"]) for event in itertools.islice(events, count)]


def test_without_from_seq_everything_after_the_answer_comes(run: Run) -> None:
    async def scenario(app: Application) -> None:
        app.publish(100)
        await committed(app, 100)
        subscribed = threading.Event()

        def client() -> list[dict[str, Any]]:
            with app.client() as connected:
                events = connected.subscribe(timeout_s=TIMEOUT_S)
                subscribed.set()
                return list(itertools.islice(events, 50))

        outside = asyncio.create_task(app.outside(client))
        await until(subscribed.is_set)
        app.publish(50, first=100)
        received = await outside
        assert [event["text"] for event in received] == [str(n) for n in range(100, 150)]
        assert [event["seq"] for event in received] == [app.bus.first_seq + n for n in range(100, 150)]
        assert received[0]["kind"] == "stream_text"

    run(scenario)


def test_the_answers_seq_is_the_border_between_past_and_future(run: Run) -> None:
    async def scenario(app: Application) -> None:
        app.publish(10)
        await committed(app, 10)
        newest = app.bus.last_seq

        def client() -> tuple[int, int]:
            with app.greeted() as raw:
                reply = raw.ask({"jsonrpc": "2.0", "id": 1, "method": "events.subscribe"})
                loop.call_soon_threadsafe(app.publish, 1)
                return reply["result"]["seq"], raw.hear()["params"]["seq"]

        loop = asyncio.get_running_loop()
        assert await app.outside(client) == (newest, newest + 1)

    run(scenario)


def test_a_notification_looks_as_the_protocol_says(run: Run) -> None:
    async def scenario(app: Application) -> None:
        def client() -> dict[str, Any]:
            with app.greeted() as raw:
                raw.ask({"jsonrpc": "2.0", "id": 1, "method": "events.subscribe", "params": {"kinds": ["fault"]}})
                loop.call_soon_threadsafe(app.bus.publish, StreamText(run_id="R-1", stream_id="Tier 1", text="no"))
                loop.call_soon_threadsafe(app.bus.publish, Fault(where="here", message="what"))
                return raw.hear()

        loop = asyncio.get_running_loop()
        heard = await app.outside(client)
        time = heard["params"].pop("time")
        assert time.endswith("Z")
        assert heard == {
            "jsonrpc": "2.0",
            "method": "event",
            "params": {
                "seq": app.bus.last_seq,
                "kind": "fault",
                "run_id": None,
                "where": "here",
                "message": "what",
                "hint": "",
            },
        }

    run(scenario)


def test_past_and_present_join_without_gap_or_repetition_while_events_pour_in(run: Run) -> None:
    before, during, subscribers = 5_000, 5_000, 4

    async def scenario(app: Application) -> None:
        app.publish(before)
        first = app.bus.first_seq

        def publisher() -> None:
            for n in range(during):
                app.bus.publish(StreamText(run_id="R-1", stream_id="Tier 1", text=str(before + n)))

        def client(from_seq: int) -> list[int]:
            with app.client() as connected:
                events = connected.subscribe(from_seq=from_seq, timeout_s=TIMEOUT_S)
                return texts(events, first + before + during - from_seq)

        starts = [first + n * 1_500 for n in range(subscribers)]
        clients = [asyncio.create_task(app.outside(lambda start=start: client(start))) for start in starts]
        await app.outside(publisher)
        for start, received in zip(starts, await asyncio.gather(*clients), strict=True):
            assert received == list(range(start - first, before + during))

    run(scenario)


def test_only_public_kinds_come_and_of_them_only_those_asked_for(run: Run) -> None:
    async def scenario(app: Application) -> None:
        first = app.bus.first_seq
        for n in range(20):
            app.bus.publish(RunPrepared(run_id="R-1", title="private"))
            app.bus.publish(StreamText(run_id="R-1", stream_id="Tier 1", text=str(n)))
            app.bus.publish(Fault(where=str(n), message="what"))
        await committed(app, 60)

        def client() -> tuple[list[str], list[str]]:
            with app.client() as connected:
                every = connected.subscribe(from_seq=first, timeout_s=TIMEOUT_S)
                kinds = [event["kind"] for event in itertools.islice(every, 40)]
                faults = connected.subscribe(["fault"], from_seq=first, timeout_s=TIMEOUT_S)
                return kinds, [event["where"] for event in itertools.islice(faults, 20)]

        kinds, faults = await app.outside(client)
        assert kinds == ["stream_text", "fault"] * 20
        assert faults == [str(n) for n in range(20)]

    run(scenario)


def test_an_unknown_kind_is_refused_with_those_that_exist(run: Run) -> None:
    async def scenario(app: Application) -> None:
        def client() -> str:
            with app.client() as connected, pytest.raises(InvalidInputError) as caught:
                connected.subscribe(["stream_text", "colour"])
            return caught.value.message

        message = await app.outside(client)
        assert "'colour'" in message
        assert "stream_text, thinking, tool_call" in message

    run(scenario)


def test_a_second_subscription_replaces_the_first_and_unsubscribing_ends_it(run: Run) -> None:
    async def scenario(app: Application) -> None:
        def client() -> tuple[list[int], list[str]]:
            with app.client() as connected:
                connected.subscribe(["fault"])
                events = connected.subscribe(["stream_text"], timeout_s=TIMEOUT_S)
                loop.call_soon_threadsafe(publish)
                first = texts(events, 3)
                connected.unsubscribe()
                loop.call_soon_threadsafe(publish)
                while len(list(app.journal.read())) < 8:
                    connected.call("app.info")
                events = connected.subscribe(["stream_text"], timeout_s=TIMEOUT_S)
                loop.call_soon_threadsafe(app.publish, 1)
                return first, [event["text"] for event in itertools.islice(events, 1)]

        def publish() -> None:
            app.bus.publish(Fault(where="x", message="y"))
            app.publish(3)

        loop = asyncio.get_running_loop()
        assert await app.outside(client) == ([0, 1, 2], ["0"])

    run(scenario)


def test_only_committed_events_are_sent(run: Run) -> None:
    async def scenario(app: Application) -> None:
        def client() -> bool:
            with app.client() as connected:
                events = connected.subscribe(timeout_s=TIMEOUT_S)
                loop.call_soon_threadsafe(app.publish, 200)
                for event in itertools.islice(events, 200):
                    if next(app.journal.read(event["seq"])).seq != event["seq"]:
                        return False
                return True

        loop = asyncio.get_running_loop()
        assert await app.outside(client)

    run(scenario)


def test_a_slow_reader_of_the_past_is_waited_for_and_not_cut_off(main_loop: MainLoop, tmp_path: Path) -> None:
    reads: list[int] = []

    async def scenario() -> None:
        app = Application(
            tmp_path, read_journal=lambda from_seq: (reads.append(from_seq), app.journal.read(from_seq))[1]
        )
        async with app:
            for n in range(40):
                app.bus.publish(StreamText(run_id="R-1", stream_id="Tier 1", text=str(n).rjust(1 << 20)))
            await committed(app, 40)

            def client() -> list[int]:
                with app.client() as connected, app.client() as other:
                    events = connected.subscribe(from_seq=0, timeout_s=TIMEOUT_S)
                    for _ in range(500):  # long enough for all of it to be sent, if nobody minded that it is not read
                        other.call("app.info")
                    assert len(reads) < 5
                    return texts(events, 40)

            assert await app.outside(client) == list(range(40))

    main_loop.run(scenario())


def test_the_last_events_of_an_application_reach_its_subscribers(run: Run) -> None:
    async def scenario(app: Application) -> None:
        subscribed = threading.Event()

        def client() -> list[int]:
            with app.client() as connected:
                events = connected.subscribe(timeout_s=TIMEOUT_S)
                subscribed.set()
                return [int(event["text"]) for event in events]

        outside = asyncio.create_task(app.outside(client))
        await until(subscribed.is_set)
        app.publish(1_000)
        app.bus.close()
        app.journal.close(10.0)
        await app.server.close()
        assert await outside == list(range(1_000))

    run(scenario)


def test_a_subscriber_that_leaves_in_the_middle_harms_nobody(run: Run) -> None:
    async def scenario(app: Application) -> None:
        app.publish(3_000)

        def leaves() -> int:
            with app.client() as connected:
                return len(texts(connected.subscribe(from_seq=0, timeout_s=TIMEOUT_S), 10))

        def stays() -> list[int]:
            with app.client() as connected:
                return texts(connected.subscribe(from_seq=0, timeout_s=TIMEOUT_S), 3_100)

        staying = asyncio.create_task(app.outside(stays))
        for _ in range(5):
            assert await app.outside(leaves) == 10
        app.publish(100, first=3_000)
        assert await staying == list(range(3_100))

    run(scenario)


def test_a_journal_that_cannot_be_read_closes_the_connection_and_is_reported(
    main_loop: MainLoop, tmp_path: Path
) -> None:
    async def scenario() -> None:
        def damaged(_from_seq: int) -> Iterator[Event]:
            raise StoreError("The journal is damaged.")

        async with Application(tmp_path, read_journal=damaged) as app:

            def client() -> list[dict[str, Any]]:
                with app.client() as connected:
                    return list(connected.subscribe(from_seq=0, timeout_s=TIMEOUT_S))

            assert await app.outside(client) == []
            [(where, message)] = app.faults
            assert where == "events.subscribe"
            assert "The journal is damaged." in message

    main_loop.run(scenario())


def test_the_async_client_hears_the_same(run: Run) -> None:
    async def scenario(app: Application) -> None:
        app.publish(500)

        async def client() -> list[int]:
            received: list[int] = []
            async with AsyncClient(app.path, timeout_s=TIMEOUT_S) as connected:
                async for event in await connected.subscribe(from_seq=app.bus.first_seq):
                    received.append(int(event["text"]))
                    if len(received) == 1_000:
                        break
            return received

        outside = asyncio.create_task(app.outside(lambda: asyncio.run(client())))
        app.publish(500, first=500)
        assert await outside == list(range(1_000))

    run(scenario)
