"""docs/automation.md, written from the commands: `python tests/automation/automation_doc.py` (`make docs`)."""

import json
from pathlib import Path
from typing import get_args

from pydantic.json_schema import models_json_schema

from slop_qt.automation.protocol import MAX_REQUEST_BYTES, ErrorCode
from slop_qt.core.events import EVENT_KINDS, Event
from slop_qt.mma.commands import ALL_COMMANDS
from slop_qt.qt.socket_commands import APP_HELLO, EVENTS_SUBSCRIBE, EVENTS_UNSUBSCRIBE

__all__ = ["CTL_EXAMPLE", "FILE", "METHODS", "PYTHON_EXAMPLE", "rendered"]

FILE = Path(__file__).parents[2] / "docs" / "automation.md"
METHODS = (
    APP_HELLO,
    *(command for command in ALL_COMMANDS if command.on_socket),
    EVENTS_SUBSCRIBE,
    EVENTS_UNSUBSCRIBE,
)

PYTHON_EXAMPLE = """\
from slop_qt.automation import Client

with Client() as slop:
    track = slop.call("track.list")["tracks"][0]
    run = slop.call("run.start", track_id=track["id"], mode="ask")
    for event in slop.subscribe(["approval_requested", "run_ended"], from_seq=0):
        if event["kind"] == "run_ended" and event["run_id"] == run["run_id"]:
            print(event["status"], slop.call("usage.stats")["total"]["output_tokens"])
            break
        if event["kind"] == "approval_requested":
            slop.call("approvals.resolve", id=event["approval"]["id"], decision="approve")
"""
CTL_EXAMPLE = """slop-qt ctl track.list
slop-qt ctl run.start '{"track_id": "TRACK", "mode": "ask"}'
slop-qt ctl approvals.list
"""

_ERRORS = {
    ErrorCode.PARSE_ERROR: "the line is not JSON",
    ErrorCode.INVALID_REQUEST: "the line is no request, is a batch, or is too long",
    ErrorCode.METHOD_NOT_FOUND: "there is no such method",
    ErrorCode.INVALID_PARAMS: "the parameters are wrong; the message names those that exist",
    ErrorCode.INTERNAL_ERROR: "it failed unexpectedly",
    ErrorCode.NOT_FOUND: "not found; the message names what, and what exists",
    ErrorCode.CONFLICT: "conflict: already resolved, already running",
    ErrorCode.NOT_POSSIBLE: "not possible in the present state",
    ErrorCode.WAIT_TIMED_OUT: "the wait timed out; `data` holds the state at that moment",
    ErrorCode.CONFIGURATION: "provider or configuration error; `data.hint` says what to do",
    ErrorCode.NOT_AUTHORISED: "not authorised: no or a wrong token, or outside the scope",
}


def rendered():
    """The whole file."""
    modes = [(shape, mode) for method in METHODS for shape, mode in _shapes(method)]
    events = {member.model_fields["kind"].default: member for member in get_args(get_args(Event)[0])}
    told = [events[kind] for kind in EVENT_KINDS]
    by_shape, schema = models_json_schema([*modes, *((event, "serialization") for event in told)])
    shapes = schema["$defs"]
    own = {_target(by_shape[each]) for each in modes} | {_target(by_shape[event, "serialization"]) for event in told}
    return _TEXT.format(
        python=PYTHON_EXAMPLE,
        ctl=CTL_EXAMPLE,
        mib=MAX_REQUEST_BYTES >> 20,
        methods="\n\n".join(_method(method, by_shape, shapes) for method in METHODS),
        shapes="\n\n".join(_shape(name, shapes[name]) for name in sorted(shapes) if name not in own),
        events=_table(["kind", "its own fields"], *(_event(event, by_shape, shapes) for event in told)),
        errors=_table(["code", "meaning"], *([str(int(code)), words] for code, words in _ERRORS.items())),
    )


def _shapes(method):
    return (method.params, "validation"), (method.result, "serialization")


def _target(reference):
    return reference["$ref"].rpartition("/")[2]


def _method(method, by_shape, shapes):
    params = shapes[_target(by_shape[method.params, "validation"])]
    result = shapes[_target(by_shape[method.result, "serialization"])]
    scope = "reads only" if method.scope == "observe" else "needs the scope `control`"
    lines = [f"### `{method.name}`", f"{method.summary} ({scope})"]
    if params.get("properties"):
        lines.append(_fields("parameter", params))
    lines.append(_fields("result", result) if result.get("properties") else "The result is `{}`.")
    return "\n\n".join(lines)


def _shape(name, schema):
    said = " ".join(schema.get("description", "").split())
    if "enum" in schema:
        return f"### {name}\n\n{said} One of {', '.join(f'`{word}`' for word in schema['enum'])}."
    fields = _fields("field", schema) if schema.get("properties") else ""
    return f"### {name}\n\n{said}\n\n{fields}".rstrip()


def _fields(head, schema):
    required = set(schema.get("required", ()))
    rows = [
        [f"`{name}`", _kind(field), "" if name in required or head == "result" else _default(field)]
        for name, field in schema["properties"].items()
    ]
    if any(row[2] for row in rows):
        return _table([head, "type", "if left out"], *rows)
    return _table([head, "type"], *(row[:2] for row in rows))


def _event(event, by_shape, shapes):
    schema = shapes[_target(by_shape[event, "serialization"])]
    own = [name for name in schema["properties"] if name not in {"seq", "time", "run_id", "kind"}]
    return [f"`{event.model_fields['kind'].default}`", ", ".join(f"`{name}`" for name in own) or "none"]


def _default(field):
    return f"`{json.dumps(field['default'])}`" if "default" in field else ""


def _kind(field):
    """A field's type in a few words."""
    if "$ref" in field:
        return _target(field)
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_kind(each) for each in field["anyOf"]))
    if "enum" in field:
        return ", ".join(f"`{json.dumps(word)}`" for word in field["enum"])
    if "const" in field:
        return f"`{json.dumps(field['const'])}`"
    kind = field.get("type", "any JSON")
    if kind == "array":
        return f"list of {_kind(field.get('items', {}))}"
    if kind == "object" and "additionalProperties" in field:
        more = field["additionalProperties"]
        return f"object of {_kind(more)}" if isinstance(more, dict) and more else "object"
    if field.get("format") == "date-time":
        return "time, ISO 8601"
    bounds = [(">", "exclusiveMinimum"), ("≥", "minimum"), ("≤", "maximum")]
    limits = [f"{sign} {field[word]:g}" for sign, word in bounds if word in field]
    return " ".join([kind, *limits])


def _table(head, *rows):
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


_TEXT = """\
<!-- Written by `make docs` from the commands; tests/automation/test_automation_doc.py keeps it true. Don't edit it. -->

# The automation socket

Scripts, tests and other agents drive the running application over a local socket: with a window, or without one. It is
off unless `--automation` (or `automation = true` in the settings) turns it on; the status bar says when it is on.

From Python, with the package installed, ten lines approve what a run asks for, and say what it cost:

```python
{python}```

From a shell:

```sh
{ctl}```

`slop-qt mcp` offers the same methods as tools of an MCP server.

## How it is spoken

- A Unix socket (a named pipe on Windows) for the same user only, at `$XDG_RUNTIME_DIR/slop-qt/<pid>.sock`, or where
  `--automation=PATH` says. `slop-qt ctl` and `Client()` find the newest live one; `--socket`, `SLOP_QT_SOCKET` or
  `Client(path)` name one.
- JSON-RPC 2.0: one UTF-8 JSON object a line, parameters by name. No batches. A line has at most {mib} MiB.
- The first request is `app.hello` with the token from the file beside the socket (`<socket>.token`), or
  `SLOP_QT_TOKEN`. The clients do that by themselves.
- Answers may come in another order than the requests: what waits never blocks what comes after it.
- `--automation-scope observe` answers what reads only. What was decided over the socket is recorded as
  `by: automation`.
- A client that does not read is cut off when 16 MiB wait for it; it can come back with `from_seq`.

## From one project to another

`project.open` shows another git repository in this process: the socket, its token and the caller's connection stay,
and when its answer has come, everything on this connection is about that project. The command line's settings, a
scenario included, are those that the process was started with. The next project is opened whole before anything of the
old one is closed, so whatever fails leaves the old one as it was; unsaved edits in its window are kept as drafts.

- Refused with -32602: a path that is not absolute. With -32001: no such folder. With -32002: another process works on
  the project (named with its socket), or another project is being opened. With -32003: it is no repository that can be
  worked on, or its journal cannot be read; a run (paused, too) or a planning is under way here; there is no window; it
  is `slop-qt demo`. A project that is open already is answered at once.
- The caller's subscription ends when every event that was committed has been sent: subscribe again. Its other calls
  that only wait are answered -32003. All other connections are closed after those events, as at a quit: connect again,
  and see in `app.info` which project it is. Numbers (`seq`) belong to one project's journal.
- Meanwhile only `app.quit` is begun; all else is answered -32003, and `app.hello` when the next project is there.

## Errors

{errors}

## Methods

{methods}

## Events

Each has `seq`, `time` (ISO 8601, UTC), `kind` and `run_id`. They come as
`{{"method": "event", "params": Event}}`, in the journal's order, none missing and none twice.

{events}

## Shapes

{shapes}
"""

if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8")
