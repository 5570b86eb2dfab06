"""The feed: state on the loop equals state from disk, and the loop stays free."""

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from event_strategies import histories
from hypothesis import given, settings

from slop_qt.core import events as ev
from slop_qt.core.approvals import Mode
from slop_qt.core.durability import publish_durably
from slop_qt.core.errors import NotPossibleError, StoreError
from slop_qt.core.state import Changes, SessionState
from slop_qt.mma.bus import Bus
from slop_qt.mma.feed import StateFeed
from slop_qt.store.journal import Journal

WAIT_S = 20.0
T = TypeVar("T")


class Threads:
    """Offload to threads of asyncio's own pool; remembers where it worked."""

    def __init__(self) -> None:
        self.used: set[int] = set()

    async def run(self, job: Callable[[], T]) -> T:
        def noted() -> T:
            self.used.add(threading.get_ident())
            return job()

        return await asyncio.to_thread(noted)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal(path)
    journal.open()
    yield journal
    journal.close(WAIT_S)


@pytest.fixture
def bus(journal: Journal) -> Bus:
    return Bus(journal)


async def loaded_feed(bus: Bus) -> StateFeed:
    """A feed with nothing stored."""
    feed = StateFeed(bus, asyncio.get_running_loop())
    await feed.load((), Threads())
    return feed


def opening(run_id: str = "R-1") -> list[ev.Event]:
    return [
        ev.RunStarted(run_id=run_id, track_id="t", mode=Mode.ASK, workers=4),
        ev.WorkerStarted(run_id=run_id, stream_id="Tier 1", tier=1, provider="scripted", model="m"),
    ]


def text(words: str, run_id: str = "R-1") -> ev.StreamText:
    return ev.StreamText(run_id=run_id, stream_id="Tier 1", text=words)


def fold(events: list[ev.Event]) -> dict[str, Any]:
    state = SessionState()
    for event in events:
        state.apply(event)
    return state.snapshot()


async def test_what_threads_publish_is_folded_and_the_loop_is_told(bus: Bus) -> None:
    feed = await loaded_feed(bus)
    changes: list[Changes] = []
    feed.subscribe(changes.append)

    def publish() -> None:
        for event in [*opening(), *(text(f"{number} ") for number in range(1000))]:
            bus.publish(event)

    await asyncio.to_thread(publish)
    await asyncio.wait_for(feed.caught_up(bus.last_seq), WAIT_S)
    assert feed.state.runs["R-1"].streams["Tier 1"].text == "".join(f"{number} " for number in range(1000))
    assert changes[-1].last_seq == bus.last_seq
    assert ("R-1", "Tier 1") in changes[-1].streams
    feed.close()


async def test_caught_up_returns_when_that_event_and_not_only_earlier_ones_are_folded(bus: Bus) -> None:
    feed = await loaded_feed(bus)
    waiting = asyncio.ensure_future(feed.caught_up(bus.first_seq + 1))
    bus.publish(opening()[0])
    await asyncio.wait_for(feed.caught_up(bus.first_seq), WAIT_S)
    assert not waiting.done()
    bus.publish(opening()[1])
    await asyncio.wait_for(waiting, WAIT_S)
    assert "Tier 1" in feed.state.runs["R-1"].streams
    await feed.caught_up(0)
    feed.close()


async def test_a_cancelled_wait_hurts_nobody(bus: Bus) -> None:
    feed = await loaded_feed(bus)
    waiting = asyncio.ensure_future(feed.caught_up(bus.first_seq))
    await asyncio.sleep(0)
    waiting.cancel()
    bus.publish(opening()[0])
    await asyncio.wait_for(feed.caught_up(bus.last_seq), WAIT_S)
    feed.close()


async def test_a_flood_leaves_turns_to_the_loop(bus: Bus) -> None:
    """All events are there before the first turn: a feed that took them in one turn would let nothing else run."""
    feed = await loaded_feed(bus)
    turns = 0
    for event in [*opening(), *(text("word ") for _ in range(40_000))]:
        bus.publish(event)
    while feed.state.last_seq < bus.last_seq:
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 5
    assert feed.state.runs["R-1"].streams["Tier 1"].length == 5 * 40_000
    feed.close()


async def test_a_listener_that_raises_is_reported_and_the_others_are_told(bus: Bus) -> None:
    loop = asyncio.get_running_loop()
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda loop, context: reported.append(context))
    feed = await loaded_feed(bus)
    told: list[int] = []

    def bad(changes: Changes) -> None:
        raise RuntimeError("a view's mistake")

    feed.subscribe(bad)
    feed.subscribe(lambda changes: told.append(changes.last_seq))
    bus.publish(opening()[0])
    await asyncio.wait_for(feed.caught_up(bus.last_seq), WAIT_S)
    assert told == [bus.last_seq]
    assert [str(context["exception"]) for context in reported] == ["a view's mistake"]

    feed.unsubscribe(bad)
    bus.publish(opening()[1])
    await asyncio.wait_for(feed.caught_up(bus.last_seq), WAIT_S)
    assert len(reported) == 1
    feed.close()


async def test_an_event_that_cannot_be_folded_is_reported_and_the_rest_goes_on(bus: Bus) -> None:
    loop = asyncio.get_running_loop()
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda loop, context: reported.append(context))
    feed = await loaded_feed(bus)
    feed.state.runs["R-0"] = object()  # no run's state: an event of that run cannot be folded
    bus.publish(opening()[0])
    bus.publish(ev.RunPaused(run_id="R-0"))
    bus.publish(opening()[1])
    await asyncio.wait_for(feed.caught_up(bus.last_seq), WAIT_S)
    assert "Tier 1" in feed.state.runs["R-1"].streams
    assert len(reported) == 1
    assert isinstance(reported[0]["exception"], AttributeError)
    feed.close()


async def test_settling_before_this_process_has_published_anything_returns_at_once(bus: Bus) -> None:
    feed = await loaded_feed(bus)
    await asyncio.wait_for(feed.settle(), WAIT_S)
    feed.close()


async def test_settling_waits_for_what_is_published_and_never_for_what_cannot_come(bus: Bus) -> None:
    feed = StateFeed(bus, asyncio.get_running_loop())
    bus.publish(opening()[0])
    await asyncio.wait_for(feed.settle(), WAIT_S)
    assert feed.state.runs == {}
    await feed.load((), Threads())
    await asyncio.wait_for(feed.settle(), WAIT_S)
    assert "R-1" in feed.state.runs
    bus.publish(opening()[1])
    feed.close()
    await asyncio.wait_for(feed.settle(), WAIT_S)


async def test_closing_tells_who_waits_and_takes_nothing_more(bus: Bus) -> None:
    feed = await loaded_feed(bus)
    told: list[Changes] = []
    feed.subscribe(told.append)
    waiting = asyncio.ensure_future(feed.caught_up(bus.first_seq))
    await asyncio.sleep(0)
    bus.publish(opening()[0])
    feed.close()
    feed.close()
    with pytest.raises(NotPossibleError, match="closing"):
        await waiting
    with pytest.raises(NotPossibleError, match="closing"):
        await feed.caught_up(bus.first_seq)
    bus.publish(opening()[1])
    await asyncio.sleep(0)
    assert feed.state.runs == {}
    assert told == []


def test_publishing_survives_a_loop_that_has_ended(bus: Bus, journal: Journal) -> None:
    async def start() -> StateFeed:
        return await loaded_feed(bus)

    feed = asyncio.run(start())
    bus.publish(text("late"))
    feed.close()
    bus.close()
    journal.close(WAIT_S)
    assert [event.seq for event in journal.read()] == [bus.last_seq]


async def test_publishing_durably_returns_the_seq_that_is_on_disk(bus: Bus, journal: Journal) -> None:
    seq = await asyncio.wait_for(publish_durably(bus, text("x")), WAIT_S)
    assert [event.seq for event in journal.read()] == [seq]
    bus.close()
    with pytest.raises(StoreError, match="closing"):
        await publish_durably(bus, text("y"))


# --- opening a journal again


async def test_loading_folds_what_earlier_processes_stored_before_what_is_live(path: Path) -> None:
    first = Journal(path)
    first.open()
    earlier = Bus(first)
    for event in [*opening(), *(text(f"{number} ") for number in range(5000))]:
        earlier.publish(event)
    first.close(WAIT_S)

    second = Journal(path)
    second.open()
    bus = Bus(second)
    feed = StateFeed(bus, asyncio.get_running_loop())
    bus.publish(text("live"))
    threads = Threads()
    seen: list[int] = []
    feed.subscribe(lambda changes: seen.append(changes.last_seq))
    await asyncio.wait_for(feed.load(second.read(), threads), WAIT_S)
    await asyncio.wait_for(feed.caught_up(bus.last_seq), WAIT_S)

    stream = feed.state.runs["R-1"].streams["Tier 1"]
    assert stream.text == "".join(f"{number} " for number in range(5000)) + "live"
    assert seen == sorted(seen)
    assert threading.get_ident() not in threads.used
    second.close(WAIT_S)
    assert fold(list(second.read())) == feed.state.snapshot()
    feed.close()


async def test_loading_leaves_out_this_processs_own_events_that_come_live(bus: Bus, journal: Journal) -> None:
    feed = StateFeed(bus, asyncio.get_running_loop())
    for event in opening():
        await asyncio.wait_for(publish_durably(bus, event), WAIT_S)
    await asyncio.wait_for(publish_durably(bus, text("once")), WAIT_S)
    await asyncio.wait_for(feed.load(journal.read(), Threads()), WAIT_S)
    await asyncio.wait_for(feed.caught_up(bus.last_seq), WAIT_S)
    assert feed.state.runs["R-1"].streams["Tier 1"].text == "once"
    feed.close()


async def test_a_journal_that_cannot_be_read_is_an_error_and_live_events_go_on(bus: Bus, tmp_path: Path) -> None:
    feed = StateFeed(bus, asyncio.get_running_loop())
    with pytest.raises(StoreError, match="could not be read"):
        await feed.load(Journal(tmp_path / "nothing").read(), Threads())
    bus.publish(opening()[0])
    await asyncio.wait_for(feed.caught_up(bus.last_seq), WAIT_S)
    assert "R-1" in feed.state.runs
    feed.close()


@settings(deadline=None, max_examples=30)
@given(histories(), histories())
def test_fold_of_the_stored_events_equals_the_live_state(earlier: list[ev.Event], later: list[ev.Event]) -> None:
    """Whatever happens, in two processes one after the other: what was seen is what is there when opened again."""

    async def live(path: Path, history: list[ev.Event]) -> dict[str, Any]:
        journal = Journal(path)
        journal.open()
        bus = Bus(journal)
        feed = StateFeed(bus, asyncio.get_running_loop())
        await feed.load(journal.read(), Threads())
        for event in history:
            bus.publish(event)
        await asyncio.wait_for(feed.caught_up(bus.last_seq if history else 0), WAIT_S)
        feed.close()
        bus.close()
        journal.close(WAIT_S)
        return feed.state.snapshot()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite3"
        assert asyncio.run(live(path, earlier)) == fold(list(Journal(path).read()))
        assert asyncio.run(live(path, later)) == fold(list(Journal(path).read()))
