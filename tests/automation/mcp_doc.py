"""docs/mcp.md, its tools written from the registry: `python tests/automation/mcp_doc.py` (`make docs`)."""

from pathlib import Path

from slop_qt.automation.mcp_face.description import tool_name
from slop_qt.automation.mcp_face.events_page import EVENTS_READ
from slop_qt.automation.mcp_face.resources import STATUS_URI, TEMPLATES
from slop_qt.headless.mcp import METHODS

__all__ = ["CONFIGURATION", "FILE", "rendered"]

FILE = Path(__file__).parents[2] / "docs" / "mcp.md"

CONFIGURATION = """\
{
  "mcpServers": {
    "slop-qt": { "command": "slop-qt", "args": ["mcp"] }
  }
}
"""


def rendered():
    """The whole file."""
    return _TEXT.format(
        configuration=CONFIGURATION,
        tools="\n".join(_row(each) for each in (*METHODS, EVENTS_READ)),
        status=STATUS_URI,
        stream=TEMPLATES[0].uri_template,
    )


def _row(each):
    params = ", ".join(
        f"`{name}`" if field.is_required() else f"`{name}?`" for name, field in each.params.model_fields.items()
    )
    does = "reads" if each.reads_only else "changes; may take back" if each.destructive else "changes"
    return f"| `{tool_name(each.method)}` | {params or 'none'} | {does} | {each.summary} |"


_TEXT = """\
<!-- Written by `make docs` from the commands; tests/automation/test_mcp_doc.py keeps it true. Don't edit it. -->

# slop_qt as an MCP server

`slop-qt mcp` lets another agent drive the running application, watch it and test it: the methods of the [automation
socket](automation.md) are tools, the streams of the agents are resources. It speaks MCP on standard input and output,
in the revision 2026-07-28 and in the earlier ones back to 2024-11-05, whichever the client opens with.

## Setting it up

Start the application with its socket, `slop-qt --automation PROJECT` (or `automation = true` in the settings), and
tell the MCP client how to start the server:

```json
{configuration}```

Where `slop-qt` is not on the client's PATH, give the whole path of the program. The order does not matter: without a
running application each tool answers how to start one, and the next call finds it. The server keeps to the
application that it found until that has ended; then it takes the newest one that runs.

| option | means |
| --- | --- |
| `--socket PATH` | this application and no other; `SLOP_QT_SOCKET` does the same, and `SLOP_QT_TOKEN` is the token |
| `--automation-scope observe` | offer only what reads, and refuse everything else |
| `--log-level LEVEL` | what is written to standard error; `warning` unless another one is named |

The application's own `--automation-scope` holds as well: the narrower one counts. What is decided this way is
recorded as `by: automation`. On macOS clients often start servers without `TMPDIR`, and then the socket is not found
by itself: name it with `--automation=PATH` and `--socket PATH`.

## Tools

A tool's name is its method's with `_` for `.`; its title is the method. [automation.md](automation.md) has every
parameter and result. Results are structured (each tool has an output schema) and the same as JSON text;
`gui_screenshot` without `path` answers an image. Half a surrogate pair in a text, which models do send, becomes
U+FFFD.

| tool | parameters | | what it does |
| --- | --- | --- | --- |
{tools}

`changes; may take back` is what clients are told as `destructiveHint`: they may ask a person first.

A call that fails is a result with `isError`: a sentence that says what happened, what to do and the socket's error
code, and the same as `{{code, message, hint}}`. A wait that timed out has `state` besides. Calls that wait do not
hold up others; when the client cancels one, the application stops waiting too.

## Resources

| address | holds |
| --- | --- |
| `{status}` | the newest run, as `mma_status` has it, JSON |
| `{stream}` | the text of one stream; the stream id is percent-encoded: `Tier%203%3A%20T-001%20%232` |

`resources/list` has those of the newest run; the template reads those of every run. Clients can subscribe
(`subscriptions/listen`, before 2026-07-28 `resources/subscribe`): they are told when a stream has grown, when the
status has changed other than by a stream's text, and when streams were added, at most four times a second and always
of the last change. Subscriptions outlive the application.
"""

if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8")
