"""The commands that are answered from the session's state alone, whether it is live or played back."""

from collections.abc import Callable

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.context import ContextReport
from slop_qt.core.errors import NotFoundError
from slop_qt.core.state import RunState, SessionState
from slop_qt.mma import commands, queries, shapes
from slop_qt.mma.command_registry import CommandRegistry

__all__ = ["Reading"]


class Reading:
    """Answers them. Lives in the main thread's loop."""

    def __init__(self, state: Callable[[], SessionState]) -> None:
        """state gives the one that holds at the moment: one that is played back is not always the same object."""
        self._state = state

    def register(self, registry: CommandRegistry) -> None:
        """Attach the commands."""
        registry.register(commands.RUN_LIST, self._list_runs)
        registry.register(commands.MMA_STATUS, self._status)
        registry.register(commands.STREAM_READ, self._read_stream)
        registry.register(commands.APPROVALS_LIST, self._approvals)
        registry.register(commands.USAGE_STATS, self._usage)
        registry.register(commands.CONTEXT_REPORT, self._context)

    def run(self, params: shapes.RunRef) -> RunState:
        """The run that is named, else the newest. Raises NotFoundError."""
        state = self._state()
        run = state.runs.get(params.run_id) if params.run_id else state.newest_run
        if run is None:
            known = ", ".join(state.runs) or "none yet"
            raise NotFoundError(f"There is no run {params.run_id or ''}".rstrip() + ".", f"Runs: {known}.")
        return run

    async def _list_runs(self, _params: shapes.Nothing, _: DecidedBy) -> shapes.Runs:
        return queries.list_runs(self._state())

    async def _status(self, params: shapes.RunRef, _: DecidedBy) -> shapes.MmaStatus:
        if params.run_id is None and self._state().newest_run is None:
            return queries.status_of(None)
        return queries.status_of(self.run(params))

    async def _read_stream(self, params: shapes.ReadStream, _: DecidedBy) -> shapes.StreamPage:
        return queries.read_stream(self.run(params), params.stream_id, params.offset)

    async def _approvals(self, params: shapes.RunRef, _: DecidedBy) -> shapes.Approvals:
        runs = [self.run(params)] if params.run_id is not None else list(self._state().runs.values())
        return shapes.Approvals(approvals=tuple(approval for run in runs for approval in run.pending_approvals))

    async def _usage(self, params: shapes.RunRef, _: DecidedBy) -> shapes.UsageStats:
        return queries.usage_of(self.run(params))

    async def _context(self, params: shapes.StreamRef, _: DecidedBy) -> ContextReport:
        return queries.context_of(self.run(params), params.stream_id)
