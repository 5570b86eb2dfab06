"""Playing a run back gives, event by event, the state that was live; also after going back and forth."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from agent_support import WAIT_S, turn
from cockpit import ALLOW_MERGE, Cockpit, mend, mends, reports

from slop_qt.core.approvals import Mode
from slop_qt.core.events import Event
from slop_qt.core.state import Changes, SessionState
from slop_qt.mma.playback import Playback
from slop_qt.mma.recording import Recording
from slop_qt.store.recordings import RunNote, read_run, runs_beginning

OpenCockpit = Callable[..., Awaitable[Cockpit]]
Snapshot = dict[str, Any]

HANG = {"kind": "hang", "after_chunks": 1}


class Watch:
    """What the live state was after each event, by its seq: a run of it, and the faults until then."""

    def __init__(self, cockpit: Cockpit) -> None:
        self._state = cockpit.feed.state
        self._apply = self._state.apply
        self.seen: dict[int, Snapshot] = {}
        self._state.apply = self._look  # type: ignore[method-assign]

    def _look(self, event: Event, changes: Changes | None = None) -> None:
        self._apply(event, changes)
        self.seen[event.seq] = self._state.snapshot()


def of_run(snapshot: Snapshot, run_id: str) -> Any:
    """What of a state is the run's: other runs of the session are not in its recording."""
    return snapshot["runs"].get(run_id), [fault for fault in snapshot["faults"] if fault[1] in {None, run_id}]


async def settle(playback: Playback) -> None:
    await asyncio.wait_for(playback.settled(), WAIT_S)


async def go(playback: Playback, position: int) -> None:
    playback.seek(position)
    await settle(playback)
    assert playback.position == playback.target == position


async def check_playback(cockpit: Cockpit, watch: Watch, run_id: str) -> Recording:
    """Every state, forwards one by one, then in a random order."""
    await cockpit.feed.settle()
    await cockpit.offload.run(lambda: cockpit.journal.close(WAIT_S))
    (note,) = runs_beginning(cockpit.folder / "journal.sqlite3", run_id)
    recording = Recording(run_id, read_run(note))
    assert [event.seq for event in recording.events] == [event.seq for event in cockpit.sink_events(run_id)]
    playback = Playback(recording, asyncio.get_running_loop())

    def same() -> None:
        live = watch.seen[recording.events[playback.position - 1].seq]
        assert of_run(playback.state.snapshot(), run_id) == of_run(live, run_id), playback.position

    for position in range(1, len(recording) + 1):
        await go(playback, position)
        same()
    order = list(range(1, len(recording) + 1))
    random.Random(run_id).shuffle(order)
    for position in order[:120]:
        await go(playback, position)
        same()
    await go(playback, 0)
    assert playback.state.snapshot() == SessionState().snapshot()
    playback.close()
    return recording


@pytest.fixture
async def opened(open_cockpit: OpenCockpit) -> Callable[..., Awaitable[tuple[Cockpit, Watch]]]:
    async def build(*turns: dict[str, Any], **settings: Any) -> tuple[Cockpit, Watch]:
        cockpit = await open_cockpit(*turns, **settings)

        def events(run_id: str) -> list[Event]:
            """As the bus numbered them."""
            return [event for event in cockpit.journal.read() if event.run_id == run_id]

        cockpit.sink_events = events  # type: ignore[attr-defined]
        return cockpit, Watch(cockpit)

    return build


async def test_approvals_that_were_approved_edited_and_rejected(opened: Any) -> None:
    cockpit, watch = await opened(
        mends("a", "wright\n"),
        mends("b", attempt=1),
        mends("b", attempt=2),
        mode=Mode.ASK,
        rules=(),
    )
    run_id = await cockpit.begin(mend("a"), mend("b", "A"))
    await cockpit.decide(run_id, "spawn", "A", "approve")
    await cockpit.decide(run_id, "edit", "A", "edit", edited={"content": "right\n"})
    await cockpit.decide(run_id, "merge", "A", "approve")
    await cockpit.decide(run_id, "spawn", "B", "approve")
    await cockpit.decide(run_id, "edit", "B", "approve")
    await cockpit.decide(run_id, "merge", "B", "reject", note="Think again.")
    await cockpit.decide(run_id, "spawn", "B", "approve")
    await cockpit.decide(run_id, "edit", "B", "approve")
    await cockpit.decide(run_id, "merge", "B", "approve")
    await cockpit.call("run.wait", run_id=run_id)
    recording = await check_playback(cockpit, watch, run_id)
    assert len(recording.stops("approval")) == 9
    assert {approval.decision for approval in cockpit.the_run(run_id).approvals.values()} == {
        "approve", "edit", "reject"
    }  # fmt: skip


async def test_a_failed_verification_with_tier_4_a_retry_and_merges(opened: Any) -> None:
    fault = {"kind": "disconnect", "after_chunks": 2, "retry_after_s": 0}
    cockpit, watch = await opened(
        mends("a", "wrong\n", attempt=1, fault=fault), reports(), mends("a", thinking="Hm."), mends("b")
    )
    run = await cockpit.run(mend("a"), mend("b", "A"))
    assert run.status == "done" and set(run.merged) == {"A", "B"}
    assert cockpit.of("retry") and "Tier 4: A #1" in run.streams
    recording = await check_playback(cockpit, watch, run.run_id)
    failed = [recording.events[position - 1] for position in recording.stops("failure")]
    assert [(event.kind, event.name, event.ok) for event in failed if event.kind == "tool_result"] == [
        ("tool_result", "verify", False)
    ]


async def test_a_pause_a_cancel_and_another_run_beside_it(opened: Any) -> None:
    cockpit, watch = await opened(
        mends("a"), turn(3, ticket="B", text="I never end.", fault=HANG), mends("c"), rules=(ALLOW_MERGE,)
    )
    first = await cockpit.run(mend("a"))
    run_id = await cockpit.begin(mend("b"))
    await cockpit.until(lambda: any(stream.length for stream in cockpit.the_run(run_id).streams.values()))
    await cockpit.call("run.pause", run_id=run_id)
    await cockpit.call("run.resume", run_id=run_id)
    await cockpit.call("run.cancel", run_id=run_id)
    assert cockpit.the_run(run_id).status == "cancelled"
    recording = await check_playback(cockpit, watch, run_id)
    assert {"run_paused", "run_resumed", "run_ended"} <= {event.kind for event in recording.events}
    assert first.run_id not in {event.run_id for event in recording.events}
    assert read_run(RunNote(first.run_id, cockpit.folder / "journal.sqlite3"))


async def a_recording(opened: Any) -> Recording:
    cockpit, _ = await opened(mends("a"), mends("b"))
    run = await cockpit.run(mend("a"), mend("b", "A"))
    await cockpit.offload.run(lambda: cockpit.journal.close(WAIT_S))
    return Recording(run.run_id, read_run(RunNote(run.run_id, cockpit.folder / "journal.sqlite3")))


async def test_it_plays_to_the_end_and_then_from_the_beginning(opened: Any) -> None:
    recording = await a_recording(opened)
    playback = Playback(recording, asyncio.get_running_loop(), speed=100.0)
    ended, folded = asyncio.Event(), []
    playback.subscribe(lambda changes: folded.append((changes.replaced, changes.last_seq)))
    playback.on_moved = lambda: ended.set() if not playback.playing else None
    for _ in range(2):
        ended.clear()
        folded.clear()
        playback.play()
        await asyncio.wait_for(ended.wait(), WAIT_S)
        assert playback.position == len(recording) and playback.state.last_seq == recording.last_seq
    assert folded[0] == (True, 0) and not any(replaced for replaced, _ in folded[1:])
    assert [seq for _, seq in folded] == sorted({seq for _, seq in folded})
    playback.close()


async def test_the_last_of_many_wishes_is_granted(opened: Any) -> None:
    recording = await a_recording(opened)
    playback = Playback(recording, asyncio.get_running_loop())
    replaced: list[Changes] = []
    playback.subscribe(lambda changes: replaced.append(changes) if changes.replaced else None)
    await go(playback, len(recording))
    for position in (5, 3, len(recording) - 1, 7, 2):
        playback.seek(position)
    await settle(playback)
    assert playback.position == 2 and len(replaced) == 1
    playback.seek(1)
    playback.seek(9)  # forward from where it is: nothing of the way back is seen
    await settle(playback)
    assert playback.position == 9 and len(replaced) == 1
    playback.step(-1)
    await settle(playback)
    assert playback.position == 8 and replaced[-1].runs == {recording.run_id}
    playback.seek(-5)
    await settle(playback)
    assert playback.position == 0 and not replaced[-1].runs
    playback.close()


async def test_a_long_way_is_gone_in_slices_and_others_have_their_turn(opened: Any) -> None:
    short = await a_recording(opened)
    text = next(event for event in short.events if event.kind == "stream_text")
    begun = [event for event in short.events if event.seq < text.seq]
    many = [text.model_copy(update={"seq": text.seq + number, "text": "word "}) for number in range(100_000)]
    recording = Recording(short.run_id, [*begun, *many])
    playback = Playback(recording, asyncio.get_running_loop())
    for target in (len(recording), len(recording) - 1):
        playback.seek(target)
        turns = 0
        while playback.position != target or playback.state.last_seq != recording.events[target - 1].seq:
            await asyncio.sleep(0)
            turns += 1
        assert turns > 10
    playback.close()


async def test_closing_while_it_plays_lets_go_of_everybody(opened: Any) -> None:
    recording = await a_recording(opened)
    playback = Playback(recording, asyncio.get_running_loop(), speed=0.1)
    told: list[Changes] = []
    playback.subscribe(told.append)
    playback.play()
    playback.seek(4)
    waiting = asyncio.ensure_future(playback.settled())
    await asyncio.sleep(0)
    playback.close()
    playback.close()
    await asyncio.wait_for(waiting, WAIT_S)
    before = len(told)
    playback.seek(9)
    playback.play()
    await asyncio.sleep(0)
    assert len(told) == before and not playback.playing
