"""One agent, of any tier: prompt → stream → tool calls → decision → results, until its answer."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from slop_qt.agents.context_room import Room
from slop_qt.agents.context_teller import ContextTeller
from slop_qt.agents.hands import Hands
from slop_qt.agents.reply import Reply, ReplyReader
from slop_qt.agents.request import AgentOutcome, AgentRequest, AgentServices
from slop_qt.agents.spending import spending_of
from slop_qt.agents.stream_writer import StreamWriter
from slop_qt.core import conversation as conv
from slop_qt.core.approvals import ApprovalKind, ApprovalRequest, StepPayload
from slop_qt.core.errors import (
    BudgetError,
    ConfigurationError,
    ProviderError,
    SlopError,
    StoreError,
    TooLargeError,
)
from slop_qt.core.events import Fault, WorkerEnded, WorkerStarted
from slop_qt.core.ports import ProviderSession, SendThrottle
from slop_qt.core.shape import Shape
from slop_qt.core.streams import TIER_ROLES
from slop_qt.providers.retry import stream_with_retries
from slop_qt.tools.registry import ToolRegistry

__all__ = ["Agent", "first_message", "model_request", "run_agent"]

_ANSWER_TOOLS = {1: "submit_tracks", 2: "submit_tickets", 3: "finish_ticket", 4: "report_failure"}


class _GaveUpError(SlopError):
    """The agent ended without an answer, for a reason that another attempt may mend."""


async def run_agent(request: AgentRequest, services: AgentServices) -> AgentOutcome:
    """One agent from its first event to its last; runs in a lane.

    Raises:
        asyncio.CancelledError: it was cancelled; its stream is closed and says so.
    """
    return await Agent(request, services).run()


class Agent:
    """The loop of one agent. Lives in one task of one lane, and takes its provider session with it when it ends."""

    def __init__(self, request: AgentRequest, services: AgentServices) -> None:
        self._request = request
        self._services = services
        self._writer = StreamWriter(services.sink, request.run_id, request.stream_id)
        self._hands = Hands(request, services)
        self._history = [first_message(request)]
        self._mistakes = 0
        self._last_text = ""

    async def run(self) -> AgentOutcome:
        """Work until there is an answer, and close the stream whatever happens."""
        self._started()
        try:
            answer = await self._converse()
        except asyncio.CancelledError:
            self._ended("cancelled", "It was cancelled.")
            raise
        except _GaveUpError as error:
            return self._failed(error, fatal=False)
        except BudgetError as error:
            return replace(self._failed(error, fatal=True), over_budget=error)
        except (ConfigurationError, StoreError, ProviderError, TooLargeError) as error:
            return self._failed(error, fatal=True)
        except SlopError as error:
            return self._failed(error, fatal=False)
        except Exception as error:  # noqa: BLE001  # the edge of an agent: it becomes a Fault, the neighbours live on
            where = f"{self._request.stream_id}"
            message = f"An unexpected {type(error).__name__} ended the agent: {error}"
            hint = "The ticket is tried again; if it happens every time, please report it with the log."
            self._services.sink.publish(Fault(run_id=self._request.run_id, where=where, message=message, hint=hint))
            return self._failed(_GaveUpError(message), fatal=False)
        self._ended("finished", None)
        return AgentOutcome(answer=answer, raw=self._last_text)

    async def _converse(self) -> Shape:
        # Its key may be in the system's keyring, which takes its time: not in a lane, where neighbours live.
        find = partial(self._services.provider, self._request.choice.provider)
        provider = await self._services.offload.run(find)
        session = await provider.open()
        teller = ContextTeller(self._request, self._services, provider)
        try:
            for turn in range(1, self._request.limits.turns + 1):
                asked = model_request(self._request, self._services.tools, self._history, teller.room, turn)
                self._keep(await teller.compose(asked))
                await self._step(turn)
                self._keep(await teller.confirm(session))
                reply = await self._query(session, provider.throttle, teller)
                answer = await self._execute(reply, asked.max_output_tokens)
                if answer is not None:
                    return answer
        finally:
            await session.aclose()
        raise _GaveUpError(f"The agent took {self._request.limits.turns} turns without an answer.")

    async def _step(self, turn: int) -> None:
        request = self._request
        decision = await self._services.gate.decide(
            ApprovalRequest(
                kind=ApprovalKind.STEP,
                run_id=request.run_id,
                stream_id=request.stream_id,
                ticket_id=request.ticket.id if request.ticket else None,
                tier=request.tier,
                title=f"{request.stream_id}: turn {turn}",
                payload=StepPayload(turn=turn),
                subject=str(turn),
            )
        )
        if not decision.approved:
            raise _GaveUpError(f"The person stopped it before turn {turn}{_because(decision.note)}")

    def _keep(self, fitting: conv.ModelRequest) -> None:
        """What was left out of a request stays out of the history: the next one begins as this one does."""
        self._fitting = fitting
        self._history = list(fitting.messages)

    async def _query(self, session: ProviderSession, throttle: SendThrottle, teller: ContextTeller) -> Reply:
        reader = ReplyReader(self._request, self._services.sink, self._writer)
        try:
            try:
                await self._send(session, throttle, teller, reader)
            except ProviderError as error:
                if not error.overflow:
                    raise
                self._keep(await teller.shrink(error))
                reader.take(conv.RetryNotice(f"{error.message} More was left out of it.", 0.0, 2))
                try:
                    await self._send(session, throttle, teller, reader)
                except ProviderError as again:
                    raise teller.gave_up(again) if again.overflow else again from error
        finally:
            reader.close()
        await teller.after(reader)
        self._last_text = reader.reply.text
        return reader.reply

    async def _send(
        self, session: ProviderSession, throttle: SendThrottle, teller: ContextTeller, reader: ReplyReader
    ) -> None:
        """The one place from which requests go out."""
        request, fitting = self._request, self._fitting
        spread = f"{request.stream_id} {fitting.caller.turn}"  # over agents, the same in every run
        sending = stream_with_retries(
            session,
            fitting,
            throttle=throttle,
            sends=request.limits.sends,
            no_progress_s=request.limits.no_progress_s,
            jitter=random.Random(spread).random,
            reserve=spending_of(self._services.spending, request, fitting, teller.at_most()),
        )
        async with contextlib.aclosing(sending) as events:
            async for event in events:
                reader.take(event)

    async def _execute(self, reply: Reply, answer_tokens: int) -> Shape | None:
        """Carry out what the answer asks for and put both into the history; the answer of the tier, if it came.

        answer_tokens is how long it could be.
        """
        if reply.stop == "refusal":
            raise ProviderError("The model refused to answer.", "Reword the ticket, or choose another model.")
        if reply.stop == "pause":
            self._history.append(conv.Message("assistant", reply.blocks()))
            return None
        if reply.stop == "max_tokens":
            cut = f"Your answer was cut at {answer_tokens} tokens, nothing of it was carried out. Take smaller steps."
            self._repair(reply, cut)
            return None
        if not reply.calls:
            role, answer = TIER_ROLES[self._request.tier], _ANSWER_TOOLS[self._request.tier]
            self._repair(
                reply,
                f"You ended your turn without a tool call. You are the {role}: go on with the tools, and give your "
                f"answer by calling {answer}.",
            )
            return None
        done = await self._hands.carry_out(reply.calls)
        self._history.append(conv.Message("assistant", reply.blocks(done.uses)))
        self._history.append(conv.Message("user", done.results))
        if done.malformed:
            self._mistake(done.malformed)
        else:
            self._mistakes = 0
        return done.answer

    def _repair(self, reply: Reply, sentence: str) -> None:
        self._mistake(sentence)
        self._history.append(conv.Message("assistant", reply.blocks() or (conv.TextBlock("(no answer)"),)))
        self._history.append(conv.Message("user", (conv.TextBlock(sentence),)))

    def _mistake(self, sentence: str) -> None:
        self._mistakes += 1
        # What ends the work counts from first to last: reading on between two of them earns no more of them.
        times = max(self._mistakes, self._hands.refusals)
        if times > self._request.limits.repairs:
            raise _GaveUpError(f"The model's answers could not be used, {times} times. Last: {sentence}")

    def _started(self) -> None:
        request = self._request
        self._services.sink.publish(
            WorkerStarted(
                run_id=request.run_id,
                stream_id=request.stream_id,
                tier=request.tier,
                ticket_id=request.ticket.id if request.ticket else None,
                attempt=request.attempt,
                provider=request.choice.provider,
                model=request.choice.model,
            )
        )

    def _failed(self, error: SlopError, *, fatal: bool) -> AgentOutcome:
        self._ended("failed", str(error))
        return AgentOutcome(
            answer=None, error=str(error), fatal=fatal, raw=self._last_text, refused=self._hands.refused
        )

    def _ended(self, outcome: str, error: str | None) -> None:
        self._services.sink.publish(
            WorkerEnded.model_validate(
                {
                    "run_id": self._request.run_id,
                    "stream_id": self._request.stream_id,
                    "outcome": outcome,
                    "error": error,
                }
            )
        )


def first_message(request: AgentRequest) -> conv.Message:
    """What the agent starts with."""
    return conv.Message("user", (conv.TextBlock(request.prompt.text, parts=request.prompt.parts),))


def model_request(
    request: AgentRequest, tools: ToolRegistry, history: Sequence[conv.Message], room: Room, turn: int
) -> conv.ModelRequest:
    """What is sent in that turn, counted from 1, after that history; it may have to be made to fit its room yet."""
    thinking_tokens = request.limits.thinking_tokens
    if room.answer < request.limits.max_output_tokens:
        thinking_tokens = min(thinking_tokens, room.answer // 2)
    return conv.ModelRequest(
        model=request.choice.model,
        system=request.system,
        messages=tuple(history),
        tools=tools.specs(request.tier),
        max_output_tokens=room.answer,
        thinking_tokens=thinking_tokens,
        cache_ttl=request.limits.cache_ttl,
        caller=conv.Caller(
            tier=request.tier,
            track=request.track,
            ticket=request.ticket.id if request.ticket else None,
            attempt=request.attempt,
            turn=turn,
        ),
    )


def _because(note: str | None) -> str:
    return f": {note}" if note else "."
