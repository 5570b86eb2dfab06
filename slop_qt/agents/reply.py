"""One answer of a model, gathered from its events while they are published."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slop_qt.agents.request import AgentRequest
from slop_qt.agents.stream_writer import StreamWriter
from slop_qt.core import conversation as conv
from slop_qt.core.events import Retry, UsageReported
from slop_qt.core.ports import EventSink
from slop_qt.core.usage import Usage

__all__ = ["Reply", "ReplyReader"]


@dataclass(slots=True)
class Reply:
    """A complete answer: what it is made of in the order in which that came, tool calls raw, and why it ended."""

    parts: list[conv.TextBlock | conv.ThinkingBlock | conv.ToolCallReceived] = field(default_factory=list)
    stop: conv.StopReason = "end_turn"

    @property
    def calls(self) -> list[conv.ToolCallReceived]:
        """The answer's tool calls."""
        return [part for part in self.parts if isinstance(part, conv.ToolCallReceived)]

    @property
    def text(self) -> str:
        """The answer's words."""
        return "".join(part.text for part in self.parts if isinstance(part, conv.TextBlock))

    def blocks(self, uses: Sequence[conv.ToolUseBlock] = ()) -> tuple[conv.Block, ...]:
        """The answer as the history keeps it. uses are all of its calls, as they were carried out; none, if none was.

        The order stays: vendors that sign what a model thought before a call look whether it still stands there.
        """
        left = iter(uses)
        blocks = (next(left, None) if isinstance(part, conv.ToolCallReceived) else part for part in self.parts)
        return tuple(block for block in blocks if block is not None)


class ReplyReader:
    """Takes one request's events: publishes text, thinking, retries and usage, and keeps what the history needs.

    Lives in the agent's lane. Usage is published once for each response, also for one that was cut.
    """

    def __init__(self, request: AgentRequest, sink: EventSink, writer: StreamWriter) -> None:
        self._request = request
        self._sink = sink
        self._writer = writer
        self._usage: Usage | None = None
        self._text: list[str] = []
        self.reply = Reply()
        self.usage: Usage | None = None  # the last response's, once it is over
        self.began = datetime.now(UTC)  # when the first of the last response came
        self.held_s: float | None = None  # for how long a server's own cache was kept then
        self._waits = True

    def take(self, event: conv.ProviderEvent) -> None:
        """Handle the next event."""
        if self._waits:
            self.began, self._waits = datetime.now(UTC), False
        if isinstance(event, conv.TextDelta):
            self._add_text(event)
        elif isinstance(event, conv.ThinkingDelta):
            self._writer.thinking(event.text)
        elif isinstance(event, conv.UsageUpdate):
            self._usage = event.usage
        elif isinstance(event, conv.CacheWritten):
            self._count(event.usage)
        elif isinstance(event, conv.RetryNotice):
            self._void(event)
        elif isinstance(event, conv.CacheHeld):
            self.held_s = event.left_s
        elif not isinstance(event, conv.ToolCallGrowing):
            self._take_whole(event)

    def _take_whole(self, event: conv.ThinkingDone | conv.ToolCallReceived | conv.Finished) -> None:
        self._close_text()
        if isinstance(event, conv.ThinkingDone):
            self.reply.parts.append(event.block)
        elif isinstance(event, conv.ToolCallReceived):
            self.reply.parts.append(event)
        else:
            self.reply.stop = event.stop

    def close(self) -> None:
        """The response is over, whole or cut: what it cost is counted."""
        self._writer.flush()
        if self._usage is not None:
            self._count(self._usage)
            self.usage, self._usage = self._usage, None

    def _count(self, usage: Usage) -> None:
        self._sink.publish(
            UsageReported(
                run_id=self._request.run_id,
                stream_id=self._request.stream_id,
                tier=self._request.tier,
                ticket_id=self._request.ticket.id if self._request.ticket else None,
                model=self._request.choice.model,
                usage=usage,
            )
        )

    def _void(self, notice: conv.RetryNotice) -> None:
        self.close()
        self._sink.publish(
            Retry(
                run_id=self._request.run_id,
                stream_id=self._request.stream_id,
                reason=notice.reason,
                wait_s=notice.wait_s,
                attempt=notice.attempt,
            )
        )
        self._text.clear()
        self.reply = Reply()
        self.held_s, self._waits = None, True

    def _add_text(self, delta: conv.TextDelta) -> None:
        self._writer.text(delta.text)
        if delta.signature is None:
            self._text.append(delta.text)
            return
        self._close_text()
        self.reply.parts.append(conv.TextBlock(delta.text, delta.signature))

    def _close_text(self) -> None:
        if self._text:
            self.reply.parts.append(conv.TextBlock("".join(self._text)))
            self._text.clear()
