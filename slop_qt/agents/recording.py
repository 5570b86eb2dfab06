"""Hears what live providers answer during a run, and leaves it as a scenario that answers the same again."""

import threading
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from slop_qt.core.conversation import (
    CacheReach,
    CacheTtl,
    CacheWritten,
    Caller,
    Finished,
    ModelRequest,
    ProviderEvent,
    StopReason,
    TextDelta,
    ThinkingDelta,
    ToolCallReceived,
    UsageUpdate,
)
from slop_qt.core.errors import ProviderError, StoreError
from slop_qt.core.models import ModelInfo
from slop_qt.core.ports import Provider, ProviderSession, SendThrottle
from slop_qt.core.usage import NO_USAGE, Usage
from slop_qt.store.files import write_atomically
from slop_qt.tools.registry import ToolRegistry

__all__ = ["Recorder", "RecordingProvider", "Sent"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one send of a request.

    usage is all that was reported for it, caches that were made included, so its requests may be none or several.
    stop is None where the answer was not complete; crashed says that an adapter's defect was the reason.
    """

    text: str = ""
    thinking: str = ""
    calls: tuple[ToolCallReceived, ...] = ()
    usage: Usage = NO_USAGE
    stop: StopReason | None = None
    crashed: bool = False


class Recorder:
    """What was answered in one process so far. Any thread may add; who owns it writes it once, at the end."""

    def __init__(self, path: Path, tools: ToolRegistry) -> None:
        self._path = path
        self._tools = tools
        self._sends: dict[Caller, list[Sent]] = {}
        self._lock = threading.Lock()
        self._written = False

    def add(self, caller: Caller, sent: Sent) -> None:
        """Keep what came of a send."""
        with self._lock:
            self._sends.setdefault(caller, []).append(sent)

    def wrap(self, provider: Provider) -> Provider:
        """The provider, heard by this recorder."""
        return RecordingProvider(provider, self)

    def scenario(self) -> str | None:
        """The scenario file's text, ordered by who was answered; None while nothing came from any model."""
        # Late: most processes record nothing, and this brings in what reads and writes scenarios.
        from slop_qt.agents.recorded_turns import recorded_turns
        from slop_qt.providers.scenario_writer import scenario_text

        with self._lock:
            sends = {caller: tuple(sent) for caller, sent in self._sends.items()}
        turns, comment = recorded_turns(sends, self._tools)
        return scenario_text(turns, comment) if turns else None

    def write(self) -> Path | None:
        """Write the file, once; later calls do nothing. Blocking.

        Returns the path, which is one beside the wanted one if that was taken meanwhile: nothing is replaced.

        Raises:
            StoreError: it cannot be written, or no model has answered: a scenario has at least one turn.
        """
        if self._written:
            return None
        self._written = True
        text = self.scenario()
        if text is None:
            raise StoreError(f"{self._path} was not written: no model has answered.")
        path, number = self._path, 1
        while path.exists() or path.is_symlink():
            number += 1
            path = self._path.with_name(f"{self._path.stem}-{number}{self._path.suffix}")
        write_atomically(path, text)
        return path


class RecordingProvider:
    """Another provider, whose answers a recorder hears of. As thread-safe as that provider."""

    def __init__(self, provider: Provider, recorder: Recorder) -> None:
        self._provider = provider
        self._recorder = recorder

    @property
    def name(self) -> str:
        """The other provider's."""
        return self._provider.name

    @property
    def throttle(self) -> SendThrottle:
        """The other provider's."""
        return self._provider.throttle

    @property
    def caches(self) -> bool:
        """The other provider's."""
        return self._provider.caches

    @property
    def cache_reach(self) -> CacheReach:
        """The other provider's."""
        return self._provider.cache_reach

    def cache_life_s(self, ttl: CacheTtl) -> float | None:
        """The other provider's."""
        return self._provider.cache_life_s(ttl)

    def as_sent(self, request: ModelRequest) -> str:
        """As the other provider sends it."""
        return self._provider.as_sent(request)

    async def models(self, chosen: Collection[str] = ()) -> tuple[ModelInfo, ...]:
        """The other provider's. Raises as that does."""
        return await self._provider.models(chosen)

    async def open(self) -> ProviderSession:
        """A session of the other provider. Raises as that does."""
        return _RecordingSession(await self._provider.open(), self._recorder)


class _RecordingSession:
    """One agent's session, in the loop of its lane."""

    def __init__(self, session: ProviderSession, recorder: Recorder) -> None:
        self._session = session
        self._recorder = recorder

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent, None]:
        """Every event as it comes; the recorder hears of them when the send is over, however it ended."""
        heard = _Heard()
        try:
            async with aclosing(self._session.stream(request)) as events:
                async for event in events:
                    heard.take(event)
                    yield event
        except ProviderError:
            raise
        except Exception:
            heard.crashed = True
            raise
        finally:
            self._recorder.add(request.caller, heard.sent())

    async def count(self, request: ModelRequest) -> int | None:
        """As the other session counts it."""
        return await self._session.count(request)

    async def aclose(self) -> None:
        """Close the other session."""
        await self._session.aclose()


@dataclass(slots=True)
class _Heard:
    """One send's events, gathered."""

    text: list[str] = field(default_factory=list)
    thinking: list[str] = field(default_factory=list)
    calls: list[ToolCallReceived] = field(default_factory=list)
    caches: Usage = NO_USAGE
    usage: Usage = NO_USAGE
    stop: StopReason | None = None
    crashed: bool = False

    def take(self, event: ProviderEvent) -> None:
        """Hear the next event."""
        if isinstance(event, TextDelta):
            self.text.append(event.text)
        elif isinstance(event, ThinkingDelta):
            self.thinking.append(event.text)
        elif isinstance(event, ToolCallReceived):
            self.calls.append(event)
        elif isinstance(event, UsageUpdate):
            self.usage = event.usage
        elif isinstance(event, CacheWritten):
            self.caches += event.usage
        elif isinstance(event, Finished):
            self.stop = event.stop

    def sent(self) -> Sent:
        """What came of it."""
        return Sent(
            text="".join(self.text),
            thinking="".join(self.thinking),
            calls=tuple(self.calls),
            usage=self.caches + self.usage,
            stop=self.stop,
            crashed=self.crashed,
        )
