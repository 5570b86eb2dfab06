"""Planning as a run of its own: one agent of Tier 1 or 2, that begins and ends as a run whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from slop_qt.agents.context.listing import plain_path, repository_part
from slop_qt.agents.loop import run_agent
from slop_qt.agents.prompts import PlanningMaterial
from slop_qt.agents.request import AgentRequest, AgentServices
from slop_qt.core.durability import publish_durably
from slop_qt.core.errors import BudgetError, NotPossibleError, ProviderError, UnusableAnswerError
from slop_qt.core.events import Fault, RunEnded, RunPrepared, RunStarted, RunStatus
from slop_qt.core.planning_basis import PlanningBasis
from slop_qt.core.prompt import Prompt
from slop_qt.core.shape import Shape
from slop_qt.core.streams import stream_name
from slop_qt.core.tracks import Track
from slop_qt.mma.budget import Budget
from slop_qt.mma.gate import RunGate
from slop_qt.mma.session_parts import SessionParts, new_run_id
from slop_qt.store.conductor.product_documents import product_documents

__all__ = ["PlanningRun", "PlanningRuns"]

T = TypeVar("T")
S = TypeVar("S", bound=Shape)


@dataclass(frozen=True, slots=True)
class PlanningRun:
    """A run that has begun, and what its agent starts with."""

    run_id: str
    tier: int
    system: str
    services: AgentServices


class PlanningRuns:
    """Runs the planning tiers. Lives in the main thread's loop.

    A caller that is cancelled leaves the planning to its end; `cancel` ends it.
    """

    def __init__(self, parts: SessionParts, budget: Budget) -> None:
        self._parts = parts
        self._budget = budget
        self._working: dict[str, asyncio.Task[Any]] = {}
        self._ending: dict[str, asyncio.Task[Any]] = {}

    @property
    def under_way(self) -> str | None:
        """The id of a planning run that is under way, the oldest where there are several."""
        return next(iter(self._working), None)

    async def carry_out(
        self,
        title: str,
        tier: int,
        work: Callable[[PlanningRun], Coroutine[Any, Any, T]],
        track_id: str | None = None,
    ) -> tuple[str, T]:
        """Do the work as a run of that tier, for that track if it is one's. Returns the run's id and what came of it.

        Raises:
            ConfigurationError: the tier's provider or a prompt cannot be used; nothing has begun.
            NotPossibleError: it was cancelled.
        """
        parts = self._parts
        await parts.require_providers(tier)
        prompts = await parts.load_prompts()
        run_id, mode = new_run_id(), parts.settings.mode
        gate = RunGate(parts.sink, parts.desk, mode, lambda: parts.settings.rules)
        run = PlanningRun(run_id, tier, prompts.of(tier), parts.services(gate, self._budget))
        parts.sink.publish(RunStarted(run_id=run_id, track_id=None, mode=mode, workers=1))
        parts.sink.publish(RunPrepared(run_id=run_id, title=title, planned_track_id=track_id))
        self._budget.begin(run_id, planning=True)
        working = asyncio.create_task(work(run), name=f"planning {run_id}")
        ending = asyncio.create_task(self._to_its_end(run_id, working), name=f"end of planning {run_id}")
        self._working[run_id], self._ending[run_id] = working, ending
        ending.add_done_callback(partial(self._forget, run_id))
        return run_id, await asyncio.shield(ending)

    async def ask(
        self, run: PlanningRun, prompt: Prompt, answer: type[S], *, basis: PlanningBasis, track: Track | None = None
    ) -> S:
        """The answer of the run's tier, which is of that shape and holds against basis.

        Raises:
            UnusableAnswerError: none of its answers held; the error has the last one.
            ProviderError: it gave no answer at all.
            BudgetError: a limit of the day does not cover a request of it.
        """
        parts, name = self._parts, stream_name(run.tier)
        request = AgentRequest(
            run_id=run.run_id,
            stream_id=name,
            tier=run.tier,
            track=track.title if track else None,
            ticket=None,
            attempt=1,
            choice=parts.settings.tiers[run.tier],
            root=parts.project,
            system=run.system,
            prompt=prompt,
            limits=parts.settings.limits,
            context_tokens=parts.settings.context_tokens.get(run.tier),
            basis=basis,
        )
        outcome = await parts.lanes.run(partial(run_agent, request, run.services), name=name)
        if isinstance(outcome.answer, answer):
            return outcome.answer
        if outcome.over_budget is not None:
            raise BudgetError(outcome.over_budget.message, outcome.over_budget.hint)
        message = f"{name} gave no answer that can be used: {outcome.error}"
        hint = "Its stream has everything it said; plan again, or choose another model for this tier."
        if outcome.refused is None:
            raise ProviderError(message, hint)
        raise UnusableAnswerError(
            message,
            hint,
            answer=outcome.refused.arguments,
            tool=outcome.refused.tool,
            track_id=track.id if track else None,
        )

    async def material(self) -> PlanningMaterial:
        """What both planning tiers are told of the project, as it is now; what the person excludes is not named."""
        parts = self._parts
        documents = await parts.offload.run(partial(product_documents, parts.project))
        chosen = (await parts.offload.run(parts.context_choices.read)).project
        excluded = {plain_path(choice.path) for choice in chosen if choice.form == "excluded"}
        files = await parts.offload.run(parts.repository.files)
        return PlanningMaterial(documents, repository_part([path for path in files if path not in excluded]))

    def cancel(self, run_id: str) -> bool:
        """Cancel a planning run; False if there is none of that id under way."""
        work = self._working.get(run_id)
        return work is not None and (bool(work.cancelling()) or work.cancel())

    async def close(self) -> None:
        """Cancel what is under way and wait for its end."""
        for run_id in tuple(self._working):
            self.cancel(run_id)
        if self._ending:
            await asyncio.wait(self._ending.values())

    def _forget(self, run_id: str, ending: asyncio.Task[Any]) -> None:
        del self._working[run_id], self._ending[run_id]
        if not ending.cancelled():
            ending.exception()  # seen: whoever asked may have gone, and the run's own events say how it ended

    async def _to_its_end(self, run_id: str, work: Awaitable[T]) -> T:
        """Never cancelled itself: what began as a run also ends as one."""
        status: RunStatus = "failed"
        reason: str | None = None
        try:
            result = await work
            status = "done"
        except asyncio.CancelledError:
            status, reason = "cancelled", "It was cancelled."
            raise NotPossibleError(f"The planning {run_id} was cancelled.") from None
        except Exception as error:
            reason = str(error)
            hint = getattr(error, "hint", "")
            message = getattr(error, "message", reason)
            self._parts.sink.publish(Fault(run_id=run_id, where="planning", message=message, hint=hint))
            raise
        finally:
            self._budget.end(run_id)
            ended = RunEnded(run_id=run_id, status=status, reason=reason)
            await self._parts.feed.caught_up(await publish_durably(self._parts.sink, ended))
        return result
