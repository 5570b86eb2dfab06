"""Runs a ticket's verify command and shows it in the worker's stream."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slop_qt.core.durability import publish_durably
from slop_qt.core.errors import SlopError
from slop_qt.core.events import ToolCalled, ToolResulted
from slop_qt.core.ports import CommandRequest, CommandResult, CommandRunner, EventSink, Lanes
from slop_qt.core.settings import Limits

__all__ = ["Verification", "Verifier"]


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it; reason is one sentence where it failed."""

    ok: bool
    reason: str
    output: str


class Verifier:
    """Verifies in a lane. Whoever pressed Run has accepted the command: nobody is asked about it again."""

    def __init__(self, sink: EventSink, lanes: Lanes, commands: CommandRunner, limits: Limits) -> None:
        self._sink = sink
        self._lanes = lanes
        self._commands = commands
        self._limits = limits

    async def verify(self, run_id: str, stream_id: str, command: str | None, cwd: Path, label: str) -> Verification:
        """Run the command in cwd. label names the call in the stream: `verify` or `verify merged`."""
        if command is None:
            return Verification(ok=True, reason="", output="")
        call_id = f"{stream_id} {label}"
        await publish_durably(
            self._sink,
            ToolCalled(run_id=run_id, stream_id=stream_id, call_id=call_id, name=label, arguments={"command": command}),
        )
        request = CommandRequest(command, cwd, self._limits.verify_timeout_s, self._limits.command_output_bytes)
        try:
            result = await self._lanes.run(partial(self._commands.run, request), name=f"{label} {stream_id}")
        except SlopError as error:
            verification = Verification(ok=False, reason=str(error), output=str(error))
        else:
            verification = self._judge(command, result)
        self._sink.publish(
            ToolResulted(
                run_id=run_id,
                stream_id=stream_id,
                call_id=call_id,
                name=label,
                ok=verification.ok,
                output=verification.output,
            )
        )
        return verification

    def _judge(self, command: str, result: CommandResult) -> Verification:
        if result.ok:
            return Verification(ok=True, reason="", output=result.output)
        if result.timed_out:
            reason = f"`{command}` was stopped after {self._limits.verify_timeout_s:g} s."
        elif result.exit_code == 127:
            reason = f"`{command}` could not be started: the program was not found (exit 127)."
        else:
            reason = f"`{command}` ended with exit code {result.exit_code}."
        return Verification(ok=False, reason=reason, output=f"{reason}\n{result.output}")
