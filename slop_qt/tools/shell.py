"""Running a command in an agent's worktree, once it has been allowed."""

from typing import Annotated

from pydantic import AfterValidator, Field
from typing_extensions import override

from slop_qt.core.approvals import ApprovalKind, CommandPayload, command_line
from slop_qt.core.ports import CommandRequest, CommandResult
from slop_qt.core.shape import Shape
from slop_qt.tools.contract import Effect, Tool, ToolContext, ToolOutput

__all__ = ["RunCommand", "RunCommandArguments", "describe_result"]

_MAX_SHOWN = 40_000  # characters, about 10,000 tokens: a model is told no more, however much was kept
_MAX_TITLE = 100


def _runnable(command: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if "\0" in command_line(command) or not command_line(command).strip() or (command and not command[0]):
        raise ValueError("a command is a shell line, or a list of a program and its arguments, without NUL")
    return command


class RunCommandArguments(Shape):
    """What to run, and for how long at most."""

    command: Annotated[
        str | Annotated[tuple[str, ...], Field(min_length=1)],
        Field(description="A line for /bin/sh, or a list of a program and its arguments. It runs in the root."),
        AfterValidator(_runnable),
    ]
    timeout_s: Annotated[float | None, Field(gt=0, description="Seconds after which it is killed.")] = None


def describe_result(result: CommandResult, *, shown: int = _MAX_SHOWN) -> str:
    """How it ended, then at most `shown` characters of what it printed, the middle left out."""
    if result.timed_out:
        ending = f"killed after {result.duration_s:.1f} s: it took too long"
    elif result.exit_code is not None and result.exit_code < 0:
        ending = f"ended by signal {-result.exit_code}"
    else:
        ending = f"exit code {result.exit_code}"
    output = result.output
    if len(output) > shown:
        half = shown // 2
        output = f"{output[:half]}\n[… {len(output) - 2 * half:,} more characters not shown …]\n{output[-half:]}"
    cut = f", {result.dropped_bytes:,} bytes of output not kept" if result.dropped_bytes else ""
    return f"[{ending}{cut}]\n{output}" if output else f"[{ending}, no output]"


class RunCommand(Tool[RunCommandArguments]):
    """Runs it through the port, so that the sandbox decides what it can reach."""

    name = "run_command"
    description = (
        "Run a command in the root of the worktree, without input and without a terminal. It is killed, with all that "
        "it started, when it ends or takes too long."
    )
    tiers = frozenset({3})
    arguments = RunCommandArguments
    ends = False

    @override
    async def effect(self, arguments: RunCommandArguments, context: ToolContext) -> Effect:
        line = command_line(arguments.command)
        first, _, more = line.partition("\n")
        title = f"Run {first[:_MAX_TITLE]}{' …' if more or len(first) > _MAX_TITLE else ''}"
        payload = CommandPayload(command=arguments.command, cwd=".")
        return Effect(ApprovalKind.COMMAND, title, payload, ("command",), subject=line)

    @override
    async def perform(
        self, arguments: RunCommandArguments, context: ToolContext, effect: Effect | None = None
    ) -> ToolOutput:
        limits = context.limits
        result = await context.commands.run(
            CommandRequest(
                command=arguments.command,
                cwd=context.root,
                timeout_s=min(arguments.timeout_s or limits.command_timeout_s, limits.command_timeout_s),
                output_limit=limits.command_output_bytes,
            )
        )
        return ToolOutput(describe_result(result))
