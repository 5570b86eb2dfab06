"""Starts, pauses, re-plans, cancels and awaits the runs of a session."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from slop_qt.core.approvals import Mode
from slop_qt.core.durability import publish_durably
from slop_qt.core.errors import ConflictError, NotPossibleError
from slop_qt.core.events import Fault, RunEnded, RunPaused, RunPrepared, RunResumed, RunStarted, RunStatus
from slop_qt.core.settings import Rule
from slop_qt.core.tickets import TicketSpec, check_graph
from slop_qt.core.tracks import TrackStatus
from slop_qt.mma.board import TicketBoard
from slop_qt.mma.budget import Budget
from slop_qt.mma.conductor import Conductor
from slop_qt.mma.gate import RunGate
from slop_qt.mma.run_budget import RunBudget
from slop_qt.mma.run_order import Running, RunOrder
from slop_qt.mma.run_repository import RunRepository
from slop_qt.mma.session_parts import SessionParts, new_run_id
from slop_qt.mma.ticket_way import TicketWay
from slop_qt.store.system_prompts import SystemPrompts
from slop_qt.workspace.worktrees import RunWorkspace

__all__ = ["Runs"]

T = TypeVar("T")


class Runs:
    """The run that is under way, at most one at a time, and the one door by which tickets are written.

    A run and the file that it was started from say the same for as long as it goes on. Lives in the main thread's loop.
    """

    def __init__(self, parts: SessionParts, budget: Budget) -> None:
        self._parts = parts
        self._budget = budget
        self._running: Running | None = None
        # Held from where tickets are read or written until the run that works on them has them, or has none of them.
        self._tickets = asyncio.Lock()
        self._writing: set[asyncio.Task[Any]] = set()
        self._closing = False

    @property
    def under_way(self) -> str | None:
        """The id of the run that is under way."""
        return self._running.run_id if self._running else None

    @property
    def writing(self) -> bool:
        """Whether tickets are being written or read for a run that begins."""
        return self._tickets.locked()

    def repository(self, run_id: str) -> RunRepository | None:
        """The git work of that run, while it is under way."""
        return self._running.repository if self._running and self._running.run_id == run_id else None

    def way_of(self, track_id: str) -> TicketWay | None:
        """Who carries the tickets of that track's run, while it is under way."""
        return self._running.way if self._running and self._running.track_id == track_id else None

    async def start(self, order: RunOrder) -> str:
        """Begin, and return the run's id at once.

        Raises:
            ConflictError: a run is under way.
            NotPossibleError: no tickets, or mode auto without a sandbox and without --unsandboxed.
            InvalidInputError: the graph does not hold.
            ConfigurationError: the provider of a tier cannot be used.
        """
        async with self._tickets:
            if self._running is not None:
                raise ConflictError(
                    f"A run is under way: {self._running.run_id}.", "Wait for its end or cancel it first."
                )
            tickets = await self._parts.offload.run(partial(self._parts.folder.tickets, order.track.id))
            self._check(order, tickets)
            return await self._begin(order, tickets)

    async def write_tickets(self, track_id: str, tickets: Sequence[TicketSpec], write: Callable[[], Awaitable[T]]) -> T:
        """Have a track's tickets written by `write`, and worked by the run of that track, if one is under way.

        Either both happen or neither, also where the caller is cancelled. Returns what `write` returns.

        Raises:
            InvalidInputError: the graph does not hold.
            NotPossibleError: the run has started or ended what they change or leave out, or is at its own end.
        """
        check_graph(tickets)
        writing = asyncio.create_task(self._write(track_id, tickets, write), name=f"tickets of {track_id}")
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        return await asyncio.shield(writing)

    def pause(self, run_id: str) -> int:
        """Start no more tickets. Returns the seq of the event that says so."""
        running = self._find(run_id)
        if running.paused:
            raise ConflictError(f"Run {run_id} is already paused.")
        return self._pause(running)

    def resume(self, run_id: str, budget_usd: float | None = None) -> int:
        """Go on, perhaps with another budget; where that is still too small, the run pauses again and says so.

        Returns the seq of the event that says that it goes on.
        """
        running = self._find(run_id)
        if not running.paused:
            raise NotPossibleError(f"Run {run_id} is not paused.")
        running.budget.paused = False
        if budget_usd is not None:
            running.budget.limit_usd(budget_usd)
        seq = self._resume(running)
        running.budget.look_soon()
        return seq

    def limit(self, run_id: str, usd: float | None, tokens: int | None) -> None:
        """Other limits for a run under way; None: no limit. What waits for the budget is looked at again."""
        self._find(run_id).budget.limit(usd, tokens)

    async def cancel(self, run_id: str) -> None:
        """Cancel its agents and commands, and return when the run has ended."""
        running = self._find(run_id)
        if not running.work.cancelling():  # once: a second one would cut short what the first has begun
            running.work.cancel()
        await asyncio.wait([running.end])

    def relax(self, run_id: str, mode: Mode, rules: tuple[Rule, ...]) -> None:
        """Let more of a running run pass from now on, what waits already included."""
        self._find(run_id).gate.relax(mode, rules)
        self._parts.desk.reconsider()

    async def close(self) -> None:
        """Start nothing more, cancel what is under way and wait for its end."""
        self._closing = True
        if self._running is not None:
            await self.cancel(self._running.run_id)
        if self._writing:
            await asyncio.wait(self._writing)

    async def _write(self, track_id: str, tickets: Sequence[TicketSpec], write: Callable[[], Awaitable[T]]) -> T:
        async with self._tickets:
            running = self._running
            if (
                running is None
                or running.track_id != track_id
                or tuple(running.board.tickets.values()) == tuple(tickets)
            ):
                return await write()
            if running.work.done() or running.work.cancelling():
                raise NotPossibleError(
                    f"Run {running.run_id} is at its end: it takes no other tickets any more.",
                    "Write them again when it has ended; they are for the next run then.",
                )
            running.conductor.check(tickets)
            with running.conductor.held():
                written = await write()
                seq = running.conductor.replan(tickets)
        await self._parts.feed.caught_up(seq)
        return written

    def _check(self, order: RunOrder, tickets: Sequence[TicketSpec]) -> None:
        if not tickets:
            raise NotPossibleError(f"Track {order.track.id} has no tickets.", "Plan its tickets first.")
        check_graph(tickets)
        self.require_mode(order.mode)

    def require_mode(self, mode: Mode) -> None:
        """Raises NotPossibleError for mode auto without a sandbox and without --unsandboxed."""
        if mode is Mode.AUTO and not self._parts.settings.unsandboxed:
            raise NotPossibleError(
                "Mode auto runs commands without asking, and there is no sandbox to run them in.",
                "Choose mode edits, or start with --unsandboxed if commands may reach everything that you can.",
            )

    async def _begin(self, order: RunOrder, tickets: tuple[TicketSpec, ...]) -> str:
        parts = self._parts
        await parts.require_providers(3, 4)
        prompts = await parts.load_prompts()
        facts = await parts.offload.run(parts.repository.inspect)
        if self._closing:
            raise NotPossibleError("The session is closing: no run starts any more.")
        run_id = new_run_id()
        base = order.base_commit or facts.head
        workspace = RunWorkspace(parts.repository, parts.worktrees, run_id, base)
        repository = RunRepository(workspace, parts.offload)
        gate = RunGate(parts.sink, parts.desk, order.mode, lambda: parts.settings.rules)
        board = TicketBoard(parts.sink, run_id, tickets)
        way = self._way(run_id, order, gate, repository, board, prompts)
        conductor = Conductor(run_id, board, way, parts.sink, workers=order.workers)
        usd = order.budget_usd or parts.settings.budget.run_usd
        parts.sink.publish(
            RunStarted(
                run_id=run_id,
                track_id=order.track.id,
                mode=order.mode,
                workers=order.workers,
                budget_usd=usd,
            )
        )
        budget = self._run_budget(run_id, board)
        budget.start(usd, order.budget_tokens or parts.settings.budget.run_tokens)
        prepared = RunPrepared(
            run_id=run_id, title=order.track.title, tickets=tickets, base_commit=base, base_branch=facts.branch
        )
        work = asyncio.create_task(self._work(order, conductor, repository), name=f"run {run_id}")
        self._running = running = Running(
            run_id=run_id,
            track_id=order.track.id,
            gate=gate,
            board=board,
            conductor=conductor,
            way=way,
            repository=repository,
            budget=budget,
            work=work,
        )
        running.end = asyncio.create_task(self._to_its_end(running), name=f"end of run {run_id}")
        await parts.feed.caught_up(await publish_durably(parts.sink, prepared))
        return run_id

    def _way(
        self,
        run_id: str,
        order: RunOrder,
        gate: RunGate,
        repository: RunRepository,
        board: TicketBoard,
        prompts: SystemPrompts,
    ) -> TicketWay:
        return TicketWay(
            requests=self._parts.ticket_requests(run_id, order.track, prompts),
            services=self._parts.services(gate, self._budget),
            lanes=self._parts.lanes,
            repository=repository,
            board=board,
        )

    def _run_budget(self, run_id: str, board: TicketBoard) -> RunBudget:
        return RunBudget(
            self._budget,
            self._parts.sink,
            board,
            run_id,
            is_paused=lambda: self._running is not None and self._running.paused,
            pause=lambda: self._pause(self._find(run_id)),
            resume=lambda: self._resume(self._find(run_id)),
        )

    def _pause(self, running: Running) -> int:
        running.paused = True
        running.conductor.pause()
        return self._parts.sink.publish(RunPaused(run_id=running.run_id))

    def _resume(self, running: Running) -> int:
        running.paused = False
        running.conductor.resume()  # before the event: whoever waits for it finds no ticket that is still paused
        return self._parts.sink.publish(RunResumed(run_id=running.run_id))

    async def _work(self, order: RunOrder, conductor: Conductor, repository: RunRepository) -> None:
        in_progress = partial(self._parts.folder.set_status, order.track.id, TrackStatus.IN_PROGRESS)
        await self._parts.offload.run(in_progress)
        await repository.prepare()
        await conductor.run()

    async def _to_its_end(self, running: Running) -> None:
        status: RunStatus = "failed"
        reason: str | None = None
        try:
            await running.work
            status, reason = running.board.outcome()
        except asyncio.CancelledError:
            status, reason = "cancelled", "The run was cancelled."
        except Exception as error:  # noqa: BLE001  # the edge of a run: it ends, and says why
            reason = str(error)
            message, hint = getattr(error, "message", reason), getattr(error, "hint", "")
            self._parts.sink.publish(Fault(run_id=running.run_id, where="run", message=message, hint=hint))
        async with self._tickets:  # what is being written is taken over first, and then said to be over like the rest
            running.board.cancel_rest("The run ended before it started.")
        try:
            await running.repository.close()
        except Exception as error:  # noqa: BLE001  # what is left of a worktree must not keep a run from ending
            hint = "Remove it with `git worktree prune` once nothing uses it."
            self._parts.sink.publish(Fault(run_id=running.run_id, where="worktrees", message=str(error), hint=hint))
        self._running = None
        running.budget.close()
        ended = RunEnded(run_id=running.run_id, status=status, reason=reason)
        await self._parts.feed.caught_up(await publish_durably(self._parts.sink, ended))

    def _find(self, run_id: str) -> Running:
        if self._running is None or self._running.run_id != run_id:
            raise NotPossibleError(f"Run {run_id} is not under way.", "Only a run that is under way can be changed.")
        return self._running
