"""The way of one ticket: attempts, verification, Tier 4's explanation, review, merge, verification there."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slop_qt.agents.context.results import TicketResult
from slop_qt.agents.loop import run_agent
from slop_qt.agents.prompts import FailedAttempt
from slop_qt.agents.request import AgentOutcome, AgentRequest, AgentServices
from slop_qt.core.approvals import ApprovalKind, ApprovalRequest, MergePayload, SpawnPayload
from slop_qt.core.context_choices import ContextChoices
from slop_qt.core.events import Fault, Merged
from slop_qt.core.ports import Lanes
from slop_qt.core.tickets import TicketSpec, TicketStatus
from slop_qt.mma.board import TicketBoard
from slop_qt.mma.conductor import Slot, TicketEnd
from slop_qt.mma.run_repository import RunRepository
from slop_qt.mma.ticket_requests import TicketRequests, Tree
from slop_qt.mma.verification import Verification, Verifier
from slop_qt.tools.answers import FinishTicketArguments, ReportFailureArguments

__all__ = ["TicketWay"]


@dataclass(slots=True)
class _Progress:
    """How far one ticket is: all attempts give names, only those that count are limited.

    summary and files are what the newest attempt said and changed.
    """

    ticket: TicketSpec
    attempt: int = 0
    counted: int = 0
    failed: FailedAttempt | None = None
    summary: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Again:
    """The attempt came to nothing, and why; counts is False for a conflict, which is nobody's fault."""

    what: str
    advice: str = ""
    counts: bool = True


class TicketWay:
    """Carries the tickets of one run: the conductor's TicketPort. Lives in the main thread's loop."""

    def __init__(
        self,
        *,
        requests: TicketRequests,
        services: AgentServices,
        lanes: Lanes,
        repository: RunRepository,
        board: TicketBoard,
    ) -> None:
        self._run_id = requests.run_id
        self._requests = requests
        self._settings = requests.settings
        self._services = services
        self._lanes = lanes
        self._repository = repository
        self._board = board
        self._verifier = Verifier(services.sink, lanes, services.commands, self._settings().limits)
        self._results: dict[str, TicketResult] = {}  # of the tickets that are done: all that others hear of them

    async def carry(self, ticket: TicketSpec, slot: Slot) -> TicketEnd:
        """Attempt after attempt, until it is merged, skipped, or the attempts are used up."""
        progress = _Progress(ticket)
        while True:
            await slot.hold()
            progress.attempt += 1
            outcome = await self._attempt(progress, slot)
            if isinstance(outcome, TicketEnd):
                if outcome.status is TicketStatus.DONE:
                    self._results[ticket.id] = TicketResult(ticket.id, ticket.title, progress.summary, progress.files)
                return outcome
            progress.failed = FailedAttempt(progress.attempt, outcome.what, outcome.advice)
            if outcome.counts:
                progress.counted += 1
                if progress.counted >= self._settings().limits.attempts:
                    tries = f"{progress.counted} attempt{'s' if progress.counted > 1 else ''}"
                    return TicketEnd(TicketStatus.BLOCKED, f"Blocked after {tries}. {outcome.what}")

    async def first_request(self, ticket: TicketSpec, choices: ContextChoices) -> AgentRequest:
        """What the ticket's worker would start with now, on what is merged by now. Nothing is sent or changed.

        Raises:
            NotPossibleError: the run is over.
        """
        tree = Tree(await self._repository.prepared(), self._repository.files)
        request = await self._requests.worker(ticket, tree, results=self._results_for(ticket), choices=choices)
        await self._repository.prepared()  # what was read while it was taken away is not what was asked for
        return request

    def _results_for(self, ticket: TicketSpec) -> tuple[TicketResult, ...]:
        return tuple(self._results[name] for name in ticket.depends_on if name in self._results)

    async def _attempt(self, progress: _Progress, slot: Slot) -> TicketEnd | _Again:
        ticket = progress.ticket
        worktree = await self._repository.add_ticket(ticket.id, progress.attempt)
        request = await self._requests.worker(
            ticket,
            Tree(worktree, lambda: self._repository.files(ticket.id)),
            attempt=progress.attempt,
            results=self._results_for(ticket),
            failed=progress.failed,
        )
        approved = await self._spawn(request, progress)
        if isinstance(approved, TicketEnd):
            return approved
        self._board.change(ticket.id, TicketStatus.RUNNING, attempt=progress.attempt)
        outcome = await self._agent(approved)
        if outcome.answer is None:
            return self._came_to_nothing(ticket, outcome)
        progress.summary = outcome.answer_as(FinishTicketArguments).summary
        self._board.change(ticket.id, TicketStatus.VERIFYING)
        checked = await self._verifier.verify(self._run_id, request.stream_id, ticket.verify, worktree, "verify")
        if not checked.ok:
            return await self._explained(progress, worktree, checked)
        commit = await self._repository.commit_ticket(
            ticket.id, f"{ticket.title}\n\n{progress.summary}\n\nTicket: {ticket.id}\n"
        )
        progress.files = await self._repository.ticket_files(ticket.id)
        if commit is None:
            return TicketEnd(TicketStatus.DONE, "It changed nothing: there was nothing to merge.")
        merged = await self._review(progress, slot, request.stream_id)
        if isinstance(merged, Verification):
            await slot.hold()
            return await self._explained(progress, worktree, merged)
        return merged

    async def _spawn(self, request: AgentRequest, progress: _Progress) -> AgentRequest | TicketEnd:
        ticket = progress.ticket
        spawn = ApprovalRequest(
            kind=ApprovalKind.SPAWN,
            run_id=self._run_id,
            stream_id=request.stream_id,
            ticket_id=ticket.id,
            tier=3,
            title=f"Start a worker on {ticket.id}: {ticket.title}",
            payload=SpawnPayload(prompt=request.prompt.text, model=f"{request.choice.provider}:{request.choice.model}"),
            editable=("prompt",),
            subject=ticket.id,
        )
        waiting = "Waits for approval to start." if progress.attempt == 1 else "Waits for approval of the next attempt."
        self._board.change(ticket.id, TicketStatus.READY, waiting, progress.attempt)
        decision = await self._services.gate.decide(spawn)
        if not decision.approved:
            return TicketEnd(TicketStatus.SKIPPED, f"Its worker was not allowed to start{_because(decision.note)}")
        if "prompt" in decision.edited:
            return self._requests.rewritten(request, decision.edited["prompt"])
        return request

    async def _explained(self, progress: _Progress, worktree: Path, checked: Verification) -> _Again:
        """Ask Tier 4 why it failed; without an answer the next attempt has the plain output."""
        ticket = progress.ticket
        if progress.counted + 1 >= self._settings().limits.attempts:
            return _Again(checked.reason)
        reason = f"Attempt {progress.attempt} failed its verification; Tier 4 looks at it."
        self._board.change(ticket.id, TicketStatus.RUNNING, reason)
        diff = await self._repository.ticket_diff(ticket.id)
        outcome = await self._agent(self._requests.qa(ticket, progress.attempt, worktree, checked.output, diff))
        if outcome.answer is None:
            return _Again(checked.output[-8000:])
        report = outcome.answer_as(ReportFailureArguments)
        return _Again(checked.reason, f"{report.cause}\n\n{report.advice}")

    async def _review(self, progress: _Progress, slot: Slot, stream_id: str) -> TicketEnd | _Again | Verification:
        """Have the diff accepted and merge it; a verification comes back where it failed on the merged work."""
        ticket = progress.ticket
        diff = await self._repository.ticket_diff(ticket.id)
        self._board.change(ticket.id, TicketStatus.REVIEW, "Waits for review of its diff.")
        slot.give_back()
        decision = await self._services.gate.decide(
            ApprovalRequest(
                kind=ApprovalKind.MERGE,
                run_id=self._run_id,
                stream_id=stream_id,
                ticket_id=ticket.id,
                tier=3,
                title=f"Merge {ticket.id}: {ticket.title}",
                payload=MergePayload(ticket_id=ticket.id, diff=diff),
                subject=ticket.id,
            )
        )
        if not decision.approved:
            return _Again(f"The person did not accept the diff{_because(decision.note)}")
        self._board.change(ticket.id, TicketStatus.MERGING)
        async with self._repository.merging:
            return await self._merge(progress, stream_id)

    async def _merge(self, progress: _Progress, stream_id: str) -> TicketEnd | _Again | Verification:
        ticket = progress.ticket
        before = await self._repository.integration_head()
        try:
            merged = await self._repository.merge(ticket.id, f"Merge {ticket.id}: {ticket.title}")
            if merged.commit is None:
                files = ", ".join(merged.conflicts)
                what = f"It conflicts with what was merged meanwhile, in {files}. Do it again on the new base."
                return _Again(what, counts=False)
            path = self._repository.integration_path
            checked = await self._verifier.verify(self._run_id, stream_id, ticket.verify, path, "verify merged")
        except BaseException:  # cancelled in the merge or before its proof: what was not verified does not stay
            await self._repository.undo_merge(before)
            raise
        if not checked.ok:
            await self._repository.undo_merge(before)
            return checked
        self._services.sink.publish(Merged(run_id=self._run_id, ticket_id=ticket.id, commit=merged.commit))
        return TicketEnd(TicketStatus.DONE)

    def _came_to_nothing(self, ticket: TicketSpec, outcome: AgentOutcome) -> TicketEnd | _Again:
        error = outcome.error or "The worker ended without an answer."
        if not outcome.fatal:
            return _Again(error)
        self._services.sink.publish(
            Fault(
                run_id=self._run_id,
                where=ticket.id,
                message=error,
                hint="Mend the cause and start a new run; what is merged stays on the integration branch.",
            )
        )
        return TicketEnd(TicketStatus.BLOCKED, error)

    async def _agent(self, request: AgentRequest) -> AgentOutcome:
        return await self._lanes.run(partial(run_agent, request, self._services), name=request.stream_id)


def _because(note: str | None) -> str:
    return f": {note}" if note else "."
