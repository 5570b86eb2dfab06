"""Rounds of approvals: workers in real lanes ask, several threads decide at once, and everybody checks what came."""

import asyncio
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from qt_support import until

from slop_qt.core.approvals import Approval, ApprovalKind, ApprovalRequest, ApprovalState, CommandPayload, Mode
from slop_qt.core.errors import ConflictError
from slop_qt.core.events import Event, RunStarted
from slop_qt.core.ports import Committed
from slop_qt.core.state import Changes
from slop_qt.mma.approval_desk import ApprovalDesk
from slop_qt.mma.bus import Bus
from slop_qt.mma.feed import StateFeed
from slop_qt.mma.gate import RunGate
from slop_qt.qt.lanes import LanePool
from slop_qt.store.journal import Journal

WORKERS, APPROVALS = 16, 50
RUNS = ("R-1", "R-2")
DECIDERS = ("panel", "socket", "terminal")


class NoDisk(Journal):
    """A journal that has every event at once: what is tried ten thousand times waits for no disk."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.epoch = 1

    def append(self, event: Event, committed: Committed | None = None) -> None:
        if committed is not None:
            committed(None)


@dataclass(slots=True)
class Tally:
    """What happened, over all rounds."""

    rounds: int = 0
    asked: int = 0
    approved: int = 0
    rejected: int = 0
    edited: int = 0
    cancelled: int = 0
    conflicts: int = 0
    mixed_up: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Asked:
    """One approval as its asker knows it: nobody else has its line."""

    line: str
    run_id: str
    doomed: bool  # its agent is cancelled while the others are decided
    task: asyncio.Task[Any] | None = None
    loop: asyncio.AbstractEventLoop | None = None
    outcome: Any = None


class Rounds:
    """One desk, and what is around it. Lives on the main loop's thread; `play` may be called again and again."""

    def __init__(self, pool: LanePool, journal: Journal, dice: random.Random, tally: Tally) -> None:
        self._pool, self._dice, self._tally = pool, dice, tally
        self.bus = Bus(journal)
        self.feed = StateFeed(self.bus, asyncio.get_running_loop())
        self.feed.subscribe(self._hear)
        self.desk = ApprovalDesk(self.bus)
        self._gates = {run_id: RunGate(self.bus, self.desk, Mode.ASK) for run_id in RUNS}
        self._pending: dict[str, Approval] = {}
        self._won: dict[str, tuple[str, str]] = {}  # by approval id: who decided it, and what
        self._conflicts = 0
        self._lock = threading.Lock()

    async def open(self) -> None:
        async def inline(job: Any) -> Any:
            return job()

        await self.feed.load((), type("Inline", (), {"run": staticmethod(inline)})())
        for run_id in RUNS:
            seq = self.bus.publish(
                RunStarted(run_id=run_id, track_id="t", mode=Mode.ASK, workers=WORKERS, budget_usd=None)
            )
        await self.feed.caught_up(seq)

    async def play(self, rounds: int, deciders: ThreadPoolExecutor) -> None:
        """So many rounds, one after another, with the same sixteen workers."""
        for _ in range(rounds):
            hands = self._deal()
            jobs = [
                asyncio.create_task(self._pool.run(partial(self._work, hand), name=f"worker {who}"))
                for who, hand in enumerate(hands)
            ]
            await until(lambda: len(self._pending) == APPROVALS, 60.0)
            await self._decide(hands, deciders)
            await asyncio.gather(*jobs)
            await self.feed.settle()
            self._look_back([asked for hand in hands for asked in hand])

    def close(self) -> None:
        self.feed.close()
        self.bus.close()

    def _deal(self) -> list[list[_Asked]]:
        """Fifty approvals to sixteen workers, a few of whom will be cancelled."""
        hands: list[list[_Asked]] = [[] for _ in range(WORKERS)]
        for number in range(APPROVALS):
            line = f"run {self._dice.getrandbits(64):016x}"
            asked = _Asked(line, self._dice.choice(RUNS), doomed=self._dice.random() < 0.06)
            hands[number % WORKERS].append(asked)
        return hands

    async def _work(self, hand: list[_Asked]) -> None:
        """One worker's, in its lane: all that it has to ask, at once."""
        for asked in hand:
            asked.loop = asyncio.get_running_loop()
            asked.task = asyncio.create_task(self._ask(asked))
        await asyncio.wait([asked.task for asked in hand if asked.task is not None])

    async def _ask(self, asked: _Asked) -> None:
        request = ApprovalRequest(
            kind=ApprovalKind.COMMAND,
            run_id=asked.run_id,
            title="Run it",  # they all look alike
            payload=CommandPayload(command=asked.line, cwd="."),
            editable=("command",),
            subject=asked.line,
        )
        asked.outcome = "cancelled"
        asked.outcome = await self._gates[asked.run_id].decide(request)

    def _hear(self, changes: Changes) -> None:
        for approval_id in changes.approvals:
            run = next(run for run in self.feed.state.runs.values() if approval_id in run.approvals)
            approval = run.approvals[approval_id]
            if approval.state is ApprovalState.PENDING:
                self._pending[approval_id] = approval
            else:
                self._pending.pop(approval_id, None)

    async def _decide(self, hands: list[list[_Asked]], deciders: ThreadPoolExecutor) -> None:
        """All of them, in random order, by three at once; some by two of them, and some are cancelled meanwhile."""
        self._won.clear()
        shares: dict[str, list[Approval]] = {name: [] for name in DECIDERS}
        for approval in self._dice.sample(list(self._pending.values()), len(self._pending)):
            for name in self._dice.sample(DECIDERS, 2 if self._dice.random() < 0.2 else 1):
                shares[name].append(approval)
        loop = asyncio.get_running_loop()
        seeds = {name: self._dice.getrandbits(32) for name in DECIDERS}
        under_way = [
            loop.run_in_executor(deciders, partial(self._resolve, name, shares[name], random.Random(seeds[name])))
            for name in DECIDERS
        ]
        for asked in (asked for hand in hands for asked in hand if asked.doomed):
            assert asked.loop is not None and asked.task is not None
            asked.loop.call_soon_threadsafe(asked.task.cancel)
        await asyncio.gather(*under_way)

    def _resolve(self, name: str, share: list[Approval], dice: random.Random) -> None:
        """One decider's, in a thread of its own. What it decides names itself and the line that it read."""
        for approval in share:
            line = approval.payload.command  # type: ignore[union-attr]
            verdict: Any = dice.choice(("approve", "reject", "edit"))
            edited = {"command": f"{line} # by {name}"} if verdict == "edit" else None
            try:
                self.desk.resolve(approval.id, verdict, edited=edited, note=f"{name}: {line}")
            except ConflictError:
                with self._lock:
                    self._conflicts += 1
                continue
            with self._lock:
                assert approval.id not in self._won, "two have decided the same"
                self._won[approval.id] = (name, verdict)
            if dice.random() < 0.1:
                with suppress(ConflictError):
                    self.desk.resolve(approval.id, "approve")
                    self._tally.mixed_up.append(f"{line}: decided twice")

    def _look_back(self, dealt: list[_Asked]) -> None:
        """Whether each asker got what was decided of its own line, and state and journal say so too."""
        tally, by_line = self._tally, {}
        for run in self.feed.state.runs.values():
            by_line.update({approval.id: approval for approval in run.approvals.values()})
        asked_of = {asked.line: asked for asked in dealt}
        found = 0
        for approval in by_line.values():
            original = str(approval.payload.command).partition(" # by ")[0]
            asked = asked_of.get(original)
            if asked is None:
                continue
            found += 1
            tally.mixed_up += list(self._mistakes(approval, asked))
        if found != APPROVALS or self._pending:
            tally.mixed_up.append(f"{found} of {APPROVALS} found, {len(self._pending)} still pending")
        tally.rounds += 1
        tally.asked += found
        tally.conflicts, self._conflicts = tally.conflicts + self._conflicts, 0

    def _mistakes(self, approval: Approval, asked: _Asked) -> Iterator[str]:
        tally, won, outcome = self._tally, self._won.get(approval.id), asked.outcome
        if approval.run_id != asked.run_id:
            yield f"{asked.line}: of another run"
        if won is None:
            tally.cancelled += 1
            if not asked.doomed or outcome != "cancelled" or approval.state is not ApprovalState.EXPIRED:
                yield f"{asked.line}: nobody decided it, and yet {outcome}, {approval.state}"
            return
        name, verdict = won
        state = ApprovalState.REJECTED if verdict == "reject" else ApprovalState.APPROVED
        if (approval.state, approval.decision) != (state, verdict) or approval.note != f"{name}: {asked.line}":
            yield f"{asked.line}: {name} decided {verdict}, recorded is {approval}"
        if outcome == "cancelled":  # after it was decided, and before it was told
            tally.cancelled += 1
            if not asked.doomed:
                yield f"{asked.line}: was not to be cancelled"
            return
        edited = {"command": f"{asked.line} # by {name}"} if verdict == "edit" else {}
        told = (outcome.approved, outcome.note, outcome.edited)
        if told != (verdict != "reject", f"{name}: {asked.line}", edited):
            yield f"{asked.line}: {name} decided {verdict}, the asker was told {told}"
        tally.approved += verdict == "approve"
        tally.rejected += verdict == "reject"
        tally.edited += verdict == "edit"
