"""Whether a line is one that /bin/sh can read; it is never run for that."""

import re
from pathlib import Path

from slop_qt.core.errors import ToolError
from slop_qt.core.ports import CommandRequest, CommandRunner

__all__ = ["shell_problem"]

_TIMEOUT_S = 10.0
_OUTPUT_BYTES = 4096
_LONGEST = 30_000  # characters; Linux takes 128 KiB for one argument
# `/bin/sh: 1: `, `sh: -c: line 1: `: who says it and where, which is known.
_WHO = re.compile(r"^\S*sh: (?:-c: )?(?:line )?(?:\d+: )?")


async def shell_problem(line: str, commands: CommandRunner, cwd: Path) -> str | None:
    """Why the shell cannot read the line, in the shell's words; None where it can. Awaited in a lane.

    A shell that cannot be asked refuses nothing: what it would say is heard when the line is run.
    """
    if not line.strip():
        return "it is empty"
    if "\0" in line:
        return "it has a NUL character"
    if len(line) > _LONGEST:
        return f"it has {len(line):,} characters; put what it does into a script of the repository"
    argv = ("/bin/sh", "-n", "-c", "--", line)  # -n reads commands and executes none, substitutions included
    try:
        result = await commands.run(CommandRequest(argv, cwd, _TIMEOUT_S, _OUTPUT_BYTES))
    except ToolError:
        return None
    if result.ok or result.timed_out:
        return None
    said = result.output.strip().partition("\n")[0]
    return _WHO.sub("", said) or f"/bin/sh ends with exit code {result.exit_code}"
