"""How long a long answer takes from the wire to `mma_streams`, against a raw client of the same server.

`python -m benchmarks.answer headless|window` opens the application on a small project, has Tier 1 asked again and again
through the anthropic provider, and after each answer lets the raw client fetch the same one, in the same process. Both
times begin when the request has arrived at the server; imports and the making of the client came before, and are in
neither. Ours ends when the session's state holds the last character, the raw client's when it has the text. With the
window, Tier 1's panel shows the stream while it grows. The last line of the output is the result: a list of
[tokens, our seconds, the raw client's].
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.answer_server import AnswerServer, ask_for, serve
from benchmarks.answers import text_of
from benchmarks.raw_client import fetch
from benchmarks.sample_project import folders
from benchmarks.waiting import until
from slop_qt.core.state import Changes
from slop_qt.core.stream_state import StreamState
from slop_qt.engine import Engine
from slop_qt.launch import LaunchOptions
from slop_qt.mma import commands, shapes

__all__ = ["SIZES"]

# Tokens, and how often each is measured; one more warms up and is not counted.
SIZES = ((25_000, 9), (100_000, 9), (400_000, 3))

Pair = tuple[int, float, float]
IsShown = Callable[[StreamState], bool]


@dataclass(frozen=True, slots=True)
class AnswerBench:
    """Asks one running application. is_shown says whether the window has every character; looked at after the time."""

    engine: Engine
    server: AnswerServer
    is_shown: IsShown

    async def pairs(self) -> list[Pair]:
        """All sizes and repetitions, ours and the floor in turn."""
        pairs: list[Pair] = []
        for tokens, repetitions in SIZES:
            for repetition in range(repetitions + 1):
                pair = (tokens, await self._ours(tokens), self._floor(tokens))
                if repetition:
                    pairs.append(pair)
        return pairs

    async def _ours(self, tokens: int) -> float:
        text = text_of(tokens)
        loop = asyncio.get_running_loop()
        complete: asyncio.Future[float] = loop.create_future()
        streams: list[StreamState] = []

        def look(changes: Changes) -> None:
            state = self.engine.feed.state
            streams.extend(state.runs[run_id].streams[stream_id] for run_id, stream_id in changes.new_streams)
            if streams and streams[0].length == len(text) and not complete.done():
                complete.set_result(time.monotonic())

        self.engine.feed.subscribe(look)
        asked = self.engine.registry.call(commands.EPIC_PROPOSE, shapes.PlanEpic(text=ask_for(tokens)))
        asking = loop.create_task(asked)
        at = await complete
        await asking
        self.engine.feed.unsubscribe(look)
        assert streams[0].text == text, "the stream is not what was sent"
        await until(lambda: self.is_shown(streams[0]), "the window has every character")
        return at - self.server.asked_at()

    def _floor(self, tokens: int) -> float:
        text = fetch(self.server.port, tokens)
        at = time.monotonic()
        assert text == text_of(tokens), "the raw client did not get what was sent"
        return at - self.server.asked_at()


def _without_window(options: LaunchOptions, server: AnswerServer, pairs: list[Pair]) -> int:
    from slop_qt.headless.main import run_headless

    async def job(engine: Engine) -> int:
        pairs.extend(await AnswerBench(engine, server, lambda _: True).pairs())
        return 0

    return run_headless(options, job, may_ask=False)


def _with_window(options: LaunchOptions, server: AnswerServer, pairs: list[Pair]) -> int:
    from slop_qt.app import run_window
    from slop_qt.widgets.stream_view import StreamView
    from slop_qt.window import MainWindow

    async def opened(engine: Engine, window: MainWindow) -> None:
        view = window.findChild(StreamView, "tier1.stream.text")
        assert isinstance(view, StreamView), "Tier 1's panel has no stream view"

        def is_shown(stream: StreamState) -> bool:
            assert view.isVisible(), "nobody sees the stream"
            return view.stream is stream and view.text() == stream.text

        try:
            pairs.extend(await AnswerBench(engine, server, is_shown).pairs())
        finally:
            await engine.registry.call(commands.APP_QUIT, shapes.Nothing())

    return run_window(options, opened)


def _main(kind: str) -> None:
    pairs: list[Pair] = []
    with folders() as where, serve(*(tokens for tokens, _ in SIZES)) as server:
        os.environ |= {"ANTHROPIC_BASE_URL": server.base_url, "ANTHROPIC_API_KEY": "bench"}
        options = LaunchOptions(where.project, data_dir=where.data, settings_path=where.settings)
        code = {"headless": _without_window, "window": _with_window}[kind](options, server, pairs)
    print(json.dumps(pairs))
    sys.exit(code)


if __name__ == "__main__":
    _main(sys.argv[1])
