"""Searching text: `git grep`, because it is there wherever this application is, and the same everywhere.

Python's own `re` is not used: a pattern that backtracks would hold the interpreter, and so the window.
"""

from typing import Annotated

from pydantic import Field
from typing_extensions import override

from slop_qt.core.errors import ToolError
from slop_qt.core.ports import CommandRequest, CommandResult
from slop_qt.core.shape import Shape
from slop_qt.tools.confined import Confined
from slop_qt.tools.contract import Effect, Harmless, ToolContext, ToolOutput

__all__ = ["SearchText", "SearchTextArguments"]

_TIMEOUT_S = 30.0
_OUTPUT_LIMIT = 4 << 20
_MAX_LINE = 300
_FOUND, _NOTHING = 0, 1
# --no-index looks at the files as they lie there, tracked or not; what .gitignore names is left out, symbolic links are
# not followed, .git is never entered, and no command of the repository's configuration has a part in it.
_GIT_GREP = (
    "git",
    "--no-optional-locks",
    "--no-pager",
    "--literal-pathspecs",
    "-c",
    "core.fsmonitor=false",
    "grep",
    "--no-index",
    "--exclude-standard",
    "--no-recurse-submodules",
    "--no-textconv",
    "--no-color",
    "--no-column",
    "--no-heading",
    "--no-break",
    "--full-name",
    "-I",
    "-n",
    "-z",
    "-P",
)


class SearchTextArguments(Shape):
    """What to look for, where, and how much to show."""

    pattern: Annotated[str, Field(min_length=1, description="A regular expression (Perl's), matched line by line.")]
    path: Annotated[str, Field(min_length=1, description="A file or directory to search; the root if left out.")] = "."
    max_results: Annotated[int, Field(ge=1, le=1000, description="Matching lines to show.")] = 100


class SearchText(Harmless[SearchTextArguments]):
    """Shows matches as `path:line: text`."""

    name = "search_text"
    description = "Search the files for a regular expression; ignored and binary files are left out."
    tiers = frozenset({1, 2, 3, 4})
    arguments = SearchTextArguments
    ends = False

    @override
    async def perform(
        self, arguments: SearchTextArguments, context: ToolContext, effect: Effect | None = None
    ) -> ToolOutput:
        if "\0" in arguments.pattern or "\n" in arguments.pattern:
            raise ToolError("A pattern is one line without NUL.", "Lines are searched one by one.")
        path = await context.offload.run(lambda: Confined(context.root).resolve(arguments.path))
        result = await context.commands.run(
            CommandRequest(
                command=(*_GIT_GREP, "-e", arguments.pattern, "--", path),
                cwd=context.root,
                timeout_s=_TIMEOUT_S,
                output_limit=_OUTPUT_LIMIT,
            )
        )
        return ToolOutput(_answer(arguments, result))


def _answer(arguments: SearchTextArguments, result: CommandResult) -> str:
    if result.timed_out:
        raise ToolError(f"The search took more than {_TIMEOUT_S:g} s.", "Search a smaller folder or a simpler pattern.")
    if result.exit_code == _NOTHING:
        return "[no match]"
    if result.exit_code != _FOUND:
        reason = result.output.strip().splitlines()[-1:] or [f"exit code {result.exit_code}"]
        raise ToolError(
            f"The pattern {arguments.pattern!r} cannot be searched for: {reason[0].removeprefix('fatal: ')}.",
            "Escape ( ) [ ] { } . * + ? | ^ $ and \\ with a \\ where they stand for themselves.",
        )
    matches = [match for line in result.output.split("\n") if (match := _match(line)) is not None]
    shown = matches[: arguments.max_results]
    if len(matches) > len(shown) or result.dropped_bytes:
        shown.append(f"[only the first {len(shown)} matching lines: make the pattern or the path narrower]")
    return "\n".join(shown)


def _match(line: str) -> str | None:
    path, _, rest = line.partition("\0")
    number, _, text = rest.partition("\0")
    if not number.isdigit():
        return None
    return f"{path}:{number}: {text if len(text) <= _MAX_LINE else text[:_MAX_LINE] + ' …'}"
