"""The exact texts of what agents sent last: what the model sees, part by part and as a whole."""

from collections.abc import Callable
from functools import partial

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.state import RunState
from slop_qt.mma import commands, queries
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.session_parts import SessionParts
from slop_qt.mma.shapes import RunRef
from slop_qt.mma.spend_shapes import ContextText, ContextTextRead

__all__ = ["ContextTexts"]


class ContextTexts:
    """Reads the shelf for the window. Lives in the main thread's loop; run finds the run that is meant."""

    def __init__(self, parts: SessionParts, run: Callable[[RunRef], RunState]) -> None:
        self._parts = parts
        self._run = run

    def register(self, registry: CommandRegistry) -> None:
        """Attach the command."""
        registry.register(commands.CONTEXT_TEXT, self._text)

    async def _text(self, params: ContextText, _: DecidedBy) -> ContextTextRead:
        run = self._run(params)
        queries.context_of(run, params.stream_id)  # a stream that is unknown or has sent nothing is told so
        shelved = self._parts.shelf.find(run.run_id, params.stream_id)
        return ContextTextRead(text=await self._parts.offload.run(partial(shelved.text, params.part)))
