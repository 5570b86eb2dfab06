"""One stream's state: what was said in it, and what stands beside that, in the order in which it came."""

from dataclasses import dataclass, field
from typing import Any, Literal

from slop_qt.core import events as ev
from slop_qt.core.context import ContextReport
from slop_qt.core.usage import Usage

__all__ = ["ItemKind", "StreamEvent", "StreamItem", "StreamState"]

# What happens in a stream while it is open.
StreamEvent = (
    ev.StreamText | ev.Thinking | ev.ToolCalled | ev.ToolResulted | ev.Retry | ev.ContextReported | ev.ContextExplained
)

ItemKind = Literal["text", "thinking", "tool_call", "tool_result", "retry"]
_PIECES_BEFORE_JOIN = 256


@dataclass(slots=True)
class StreamItem:
    """A stretch of one stream, in the order in which it came.

    kind text or thinking: `text` grows while it is the last item. The other kinds never change:
    tool_call has name, call_id and arguments; tool_result name, call_id, ok and text; retry has text (why), and
    the name `first` where nothing was sent before.
    """

    kind: ItemKind
    name: str = ""
    call_id: str = ""
    ok: bool = True
    arguments: Any = None
    time: str = ""
    _pieces: list[str] = field(default_factory=list)
    length: int = 0

    @property
    def text(self) -> str:
        """All of it; joined once and kept joined."""
        if len(self._pieces) > 1:
            self._pieces[:] = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def append(self, text: str) -> None:
        """Add a piece. The list is folded at sizes that double, so that appending stays linear."""
        pieces = self._pieces
        pieces.append(text)
        self.length += len(text)
        if len(pieces) > _PIECES_BEFORE_JOIN:
            pieces[1:] = ["".join(pieces[1:])]
            if len(pieces[1]) >= len(pieces[0]):
                pieces[:] = ["".join(pieces)]

    def since(self, offset: int) -> str:
        """The text from that character on. Costs what it returns, however long the rest is."""
        wanted = self.length - offset
        taken: list[str] = []
        for piece in reversed(self._pieces):
            if wanted <= 0:
                break
            taken.append(piece[-wanted:] if len(piece) > wanted else piece)
            wanted -= len(piece)
        return "".join(reversed(taken))


@dataclass(slots=True)
class StreamState:
    """The live text of one agent and what stands beside it.

    report is the last request's composition, reasons says of each of its parts why it is there, last_usage is what the
    last response cost.
    """

    run_id: str
    stream_id: str
    tier: int
    ticket_id: str | None
    attempt: int
    provider: str
    model: str
    closed: bool = False
    outcome: str | None = None
    error: str | None = None
    length: int = 0
    report: ContextReport | None = None
    reasons: tuple[str, ...] = ()
    last_usage: Usage | None = None
    items: list[StreamItem] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Exactly the concatenation of the text that the provider sent."""
        return "".join(item.text for item in self.items if item.kind == "text")

    def apply(self, event: StreamEvent) -> None:
        """Fold one event in."""
        if isinstance(event, ev.StreamText):
            self.grow("text", event.text)
        elif isinstance(event, ev.Thinking):
            self.grow("thinking", event.text)
        elif isinstance(event, ev.ContextReported):
            self.report = event.report
        elif isinstance(event, ev.ContextExplained):
            self.reasons = event.reasons
        else:
            self.items.append(_item(event))

    def grow(self, kind: ItemKind, text: str) -> None:
        """Append to the last item if it is of that kind, else begin a new one."""
        if not self.items or self.items[-1].kind != kind:
            self.items.append(StreamItem(kind))
        self.items[-1].append(text)
        if kind == "text":
            self.length += len(text)

    def snapshot(self) -> tuple[Any, ...]:
        """All of it as plain data, to compare two states by."""
        return (
            [
                (item.kind, item.name, item.call_id, item.ok, item.arguments, item.time, item.text)
                for item in self.items
            ],
            {name: getattr(self, name) for name in StreamState.__slots__ if name != "items"},
        )


def _item(event: ev.ToolCalled | ev.ToolResulted | ev.Retry) -> StreamItem:
    time = event.time.isoformat()
    if isinstance(event, ev.ToolCalled):
        return StreamItem("tool_call", name=event.name, call_id=event.call_id, arguments=event.arguments, time=time)
    if isinstance(event, ev.ToolResulted):
        item = StreamItem("tool_result", name=event.name, call_id=event.call_id, ok=event.ok, time=time)
        item.append(event.output)
        return item
    wait_s = round(event.wait_s, 1)
    if event.attempt > 1:
        item = StreamItem("retry", time=time)
        item.append(f"{event.reason} Sending again in {wait_s:g} s (send {event.attempt}).")
    else:
        item = StreamItem("retry", name="first", time=time)
        item.append(f"{event.reason} " + (f"Sending in {wait_s:g} s or later." if wait_s else "Sending soon."))
    return item
