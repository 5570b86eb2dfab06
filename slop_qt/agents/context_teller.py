"""Says what each request of an agent is made of, and makes it fit: before it is sent, and as its answer reported it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from slop_qt.agents.cache_watch import CacheWatch
from slop_qt.agents.context_room import Room, room_of
from slop_qt.agents.reply import ReplyReader
from slop_qt.agents.request import AgentRequest, AgentServices
from slop_qt.agents.request_shelf import ShelvedRequest
from slop_qt.agents.told_parts import ToldPart, shares, told_parts
from slop_qt.agents.trimming import LeftOut, Trimmed, Weights, trim
from slop_qt.core.context import ContextPart, ContextReport, Trimming
from slop_qt.core.conversation import Message, ModelRequest
from slop_qt.core.errors import ProviderError, TooLargeError
from slop_qt.core.events import ContextExplained, ContextReported
from slop_qt.core.ports import Provider, ProviderSession
from slop_qt.providers.http_failures import OVERFLOW_HINT
from slop_qt.providers.request_meter import MeasuredRequest, RequestMeter
from slop_qt.providers.token_counter import TokenCount

__all__ = ["ContextTeller"]

# Characters that are measured in the lane; more take more than some milliseconds, and go to the helper pool.
_AT_ONCE = 50_000
# A request that was refused as too large may be this part of what it was: its count was wrong, nobody knows how much.
_HARDER = 0.75
# An estimate is never this far above the truth: until then the provider, who may count, decides.
_SURELY = 1.5
_NAMED = 3  # of the largest parts

_Count = Callable[[MeasuredRequest], Awaitable[TokenCount]]


class ContextTeller:
    """Fits the requests of one agent into their room, publishes what they are made of, and lets its model's counter
    learn. Lives in the agent's task.

    A turn is `compose`, then, when it may be sent, `confirm`, and `after` its answer; `shrink` where the provider finds
    it too large. What these return is to be sent, and its messages are the agent's history from then on.
    """

    def __init__(self, request: AgentRequest, services: AgentServices, provider: Provider) -> None:
        self._request = request
        self._services = services
        self._provider = provider
        self._counter = services.counters.of(request.choice.provider, request.choice.model)
        self._meter = RequestMeter()
        self._watch = CacheWatch(provider, request.limits.cache_ttl)
        self._refused_tokens: int | None = None
        self._measured: MeasuredRequest | None = None
        self._count = TokenCount(0, "estimate")
        self._left_out: tuple[LeftOut, ...] = ()
        self._reasons: tuple[str, ...] = ()

    @property
    def room(self) -> Room:
        """What requests and answers may have at this moment."""
        choice, limits = self._request.choice, self._request.limits
        model_tokens = self._services.limit_tokens(choice.provider, choice.model)
        return room_of(model_tokens, self._request.context_tokens, limits.max_output_tokens)

    async def compose(self, request: ModelRequest) -> ModelRequest:
        """The request as it fits, by our estimate: nobody is asked. It is reported.

        Raises:
            TooLargeError: it does not fit by far.
        """
        self._left_out = ()
        fitting = await self._fit(request, self._estimated)
        self._require_fit(1.0 if self._count.measured == "provider" else _SURELY)
        return fitting

    async def confirm(self, session: ProviderSession) -> ModelRequest:
        """The request may go out: its provider may be asked what it is. Reported again where that is something else.

        Raises:
            TooLargeError: it does not fit.
        """
        assert self._measured is not None
        ask = self._request.limits.count_tokens
        counted = await self._counter.count(session, self._measured, ask=ask)
        fitting = self._measured.request
        if counted != self._count:
            fitting = await self._fit(fitting, partial(self._counter.count, session, ask=ask))
        self._require_fit()
        return fitting

    async def shrink(self, error: ProviderError) -> ModelRequest:
        """The provider finds the request too large: with much less in it, it may be sent once more.

        Raises:
            TooLargeError: there is nothing more that may be left out.
        """
        assert self._measured is not None
        before, left_out = self._measured.request, self._left_out
        tokens = self._count.tokens
        self._refused_tokens = max(1, int(tokens * _HARDER))
        request = await self._fit(before, self._estimated)
        if self._left_out == left_out:
            raise self._too_large(error)
        return request

    def gave_up(self, error: ProviderError) -> TooLargeError:
        """The provider finds it too large again: why the agent ends."""
        return self._too_large(error)

    def at_most(self) -> int:
        """An upper bound of the input of the request that is about to be sent, tokens."""
        assert self._measured is not None, "compose was called"
        return self._counter.at_most(self._measured)

    async def after(self, reader: ReplyReader) -> None:
        """The answer is complete. Where it has no count there is nothing to say."""
        usage = reader.usage
        self._watch.went_out()
        if self._measured is None or usage is None or not usage.input_tokens:
            return
        self._counter.learn(self._measured, usage.input_tokens)
        self._watch.answered(usage, reader.began, reader.held_s)
        self._count = TokenCount(usage.input_tokens, "provider")
        messages = (*self._measured.request.messages, Message("assistant", reader.reply.blocks()))
        tokens, room = usage.input_tokens + usage.output_tokens, self._input_room()
        planned: tuple[LeftOut, ...] = ()
        if room is not None and tokens > room:
            planned = (await self._trimmed(self._measured, messages, tokens, room)).left_out
        self._publish(planned, f"The next request has {tokens:,} tokens already, and may have {room or 0:,}.")

    async def _fit(self, request: ModelRequest, count: _Count) -> ModelRequest:
        """Measure it, and leave out what must be until it fits."""
        measured = await self._measure(request)
        counted = await count(measured)
        room = self._input_room()
        while room is not None and counted.tokens > room:
            trimmed = await self._trimmed(measured, request.messages, counted.tokens, room)
            if not trimmed.left_out:
                break
            self._left_out += trimmed.left_out
            request = replace(request, messages=trimmed.messages)
            measured = await self._measure(request)
            counted = await count(measured)
        self._measured, self._count = measured, counted
        self._watch.composed(request, self._left_out)
        self._publish(self._left_out, f"Without that it would not fit: it may have {room or 0:,} tokens.")
        return request

    def _require_fit(self, factor: float = 1.0) -> None:
        """Raises TooLargeError where the request has more than that many times its room."""
        room = self.room.input
        if room is not None and self._count.tokens > factor * room:
            raise self._too_large(None)

    async def _estimated(self, measured: MeasuredRequest) -> TokenCount:
        return self._counter.estimate(measured)

    async def _measure(self, request: ModelRequest) -> MeasuredRequest:
        if self._meter.new_characters(request) > _AT_ONCE:
            return await self._services.offload.run(partial(self._meter.measure, request))
        return self._meter.measure(request)

    async def _trimmed(self, measured: MeasuredRequest, messages: Sequence[Message], tokens: int, room: int) -> Trimmed:
        """In the helper pool: it is rare, and takes its time for every line."""

        def work() -> Trimmed:
            pairs = zip(measured.parts, self._counter.weigh(measured), strict=True)
            weights = Weights({part.place: weight for part, weight in pairs}, self._counter.weigh_text)
            return trim(messages, tokens, room=room, weights=weights)

        return await self._services.offload.run(work)

    def _input_room(self) -> int | None:
        """How many tokens requests should have: their room, or less where one of that size was refused."""
        known = [tokens for tokens in (self.room.input, self._refused_tokens) if tokens is not None]
        return min(known, default=None)

    def _told(self) -> tuple[list[ToldPart], list[int]]:
        assert self._measured is not None
        told = told_parts(
            self._measured.parts,
            self._counter.weigh(self._measured),
            tier=self._request.tier,
            cached_messages=self._watch.cached_messages,
        )
        return told, shares(self._count.tokens, [part.weight for part in told])

    def _publish(self, left_out: Sequence[LeftOut], why: str) -> None:
        """Report it, with what is left out and a sentence why."""
        assert self._measured is not None
        told, tokens = self._told()
        parts = tuple(
            ContextPart(kind=part.kind, label=part.label, tokens=number, cached=part.cached)
            for part, number in zip(told, tokens, strict=True)
        )
        run_id, stream_id = self._request.run_id, self._request.stream_id
        report = ContextReport(
            model=self._request.choice.model,
            limit_tokens=self.room.limit or 0,
            used_tokens=self._count.tokens,
            measured=self._count.measured,
            parts=parts,
            would_trim=tuple(Trimming(label=out.label, tokens=out.saved_tokens, reason=why) for out in left_out),
            cache=self._watch.report(sum(part.tokens for part in parts if part.cached)),
        )
        places = tuple(tuple(part.places) for part in told)
        shelved = ShelvedRequest(self._measured.request, places, self._provider.as_sent)
        self._services.shelf.put(run_id, stream_id, shelved)
        self._services.sink.publish(ContextReported(run_id=run_id, stream_id=stream_id, report=report))
        reasons = tuple(part.reason for part in told)
        if reasons != self._reasons:
            self._reasons = reasons
            self._services.sink.publish(ContextExplained(run_id=run_id, stream_id=stream_id, reasons=reasons))

    def _too_large(self, error: ProviderError | None) -> TooLargeError:
        """What happened, what is largest, and what to do."""
        told, tokens = self._told()
        by_size = sorted(zip(tokens, (part.label for part in told), strict=True), reverse=True)
        largest = ", ".join(f"{label} ({number:,})" for number, label in by_size[:_NAMED])
        used, room, about = self._count.tokens, self.room, "" if self._count.measured == "provider" else "about "
        if error is not None:
            what = f"{error.message} All that may be left out was left out of it: it had {about}{used:,} tokens."
        else:
            what = (
                f"The request was not sent: it has {about}{used:,} tokens after all that may be left out was, and may "
                f"have {room.input or 0:,}, so that {room.answer:,} of {room.limit or 0:,} are left to answer."
            )
        return TooLargeError(
            f"{what} The largest parts: {largest}.",
            f"{OVERFLOW_HINT} Files can be taken out of its context, or let in as outlines; if the tier has a limit of "
            "its own in your settings, it can be raised.",
        )
