"""The automation protocol as its specification has it, written down by hand: what the application is held against.

Nothing here is taken from the code. What a shape is made of says `ruler`.
"""

from dataclasses import dataclass
from typing import Any

from ruler import AtLeast, Either, Mapping, Time

__all__ = ["APPROVAL", "APPROVAL_PAYLOADS", "ERROR_CODES", "EVENTS", "METHODS", "TRACK_STATUS", "Method"]


@dataclass(frozen=True)
class Method:
    """A row of the specification's table. reads: it is answered in the scope observe. optional: with `?` or `|`."""

    result: Any
    required: dict[str, Any]
    optional: dict[str, Any]
    reads: bool

    @property
    def params(self) -> dict[str, Any]:
        """All of them."""
        return {**self.required, **self.optional}


def _reads(result: Any, required: dict[str, Any] | None = None, **optional: Any) -> Method:
    return Method(result, required or {}, optional, reads=True)


def _changes(result: Any, required: dict[str, Any] | None = None, **optional: Any) -> Method:
    return Method(result, required or {}, optional, reads=False)


TRACK_STATUS = Either("new", "in_progress", "done", "blocked")
TICKET_STATUS = Either(
    "pending", "ready", "running", "verifying", "review", "merging", "done", "blocked", "skipped", "cancelled"
)
RUN_STATUS = Either("planning", "running", "paused", "done", "blocked", "cancelled", "failed")
MODE = Either("step", "ask", "edits", "auto")
MAYBE_TEXT = Either(str, None)
NOTHING: dict[str, Any] = {}

APPROVAL_PAYLOADS: dict[str, Any] = {
    "spawn": {"prompt": str, "model": str},
    "step": {"turn": int},
    "edit": {"path": str, "diff": str, "content": str},
    "command": {"command": Either(str, [str]), "cwd": str},
    "merge": {"ticket_id": str, "diff": str},
    "tool": {"name": str, "arguments": Mapping(object)},
    "question": {"text": str, "choices": [str]},
}

TRACK: dict[str, Any] = {"id": str, "title": str, "status": TRACK_STATUS, "spec_path": str, "plan_path": str}
TICKET: dict[str, Any] = {
    "id": str,
    "title": str,
    "brief": str,
    "files": [str],
    "depends_on": [str],
    "verify": MAYBE_TEXT,
    "plan_tasks": [str],
    "status": TICKET_STATUS,
    "reason": MAYBE_TEXT,
    "attempt": int,
}
USAGE: dict[str, Any] = {
    "requests": int,
    "input_tokens": int,
    "output_tokens": int,
    "cache_read_tokens": int,
    "cache_write_tokens": int,
    "reasoning_tokens": int,
    "cost_usd": Either(float, None),
}
APPROVAL: dict[str, Any] = {
    "id": str,
    "kind": Either(*APPROVAL_PAYLOADS),
    "run_id": str,
    "stream_id": MAYBE_TEXT,
    "ticket_id": MAYBE_TEXT,
    "tier": Either(1, 2, 3, 4, None),
    "title": str,
    "payload": Either(*APPROVAL_PAYLOADS.values()),
    "editable": [str],
    "state": Either("pending", "approved", "rejected", "expired"),
    "requested_at": Time(),
    "decision": Either("approve", "reject", "edit", None),
    "by": Either("user", "automation", "policy", None),
    "note": MAYBE_TEXT,
}
STATUS: dict[str, Any] = {
    "run_id": MAYBE_TEXT,
    "track_id": MAYBE_TEXT,
    "status": Either(RUN_STATUS, None),
    "mode": Either(MODE, None),
    "tickets": [TICKET],
    "mma_streams": Mapping(str),
    "tier_usage": {f"Tier {tier}": USAGE for tier in (1, 2, 3, 4)},
    "pending_approvals": [APPROVAL],
    "cost_usd": Either(float, None),
    "budget_usd": Either(float, None),
}
REPORT: dict[str, Any] = {
    "model": str,
    "limit_tokens": int,
    "used_tokens": int,
    "measured": Either("provider", "estimate"),
    "parts": [
        {
            "kind": Either(
                "system", "prompt", "tools", "docs", "ticket", "file", "outline", "range", "dependency", "history",
                "tool_result",
            ),
            "label": str,
            "tokens": int,
            "cached": bool,
        }
    ],
    "would_trim": [{"label": str, "tokens": int, "reason": str}],
    "cache": {
        "state": Either("warm", "cold", "expired", "none", "unknown"),
        "prefix_tokens": int,
        "expires_at": Either(Time(), None),
        "broken_by": MAYBE_TEXT,
    },
}  # fmt: skip
WIDGET: dict[str, Any] = {
    "name": str,
    "class": str,
    "text": MAYBE_TEXT,
    "value": object,
    "enabled": bool,
    "visible": bool,
    "geometry": {"x": int, "y": int, "width": int, "height": int},
    "children": [],
}
WIDGET["children"] = [WIDGET]

TICKETS = [TICKET]
INFO = {"name": "slop_qt", "version": str, "protocol": 1, "pid": int, "project": MAYBE_TEXT, "headless": bool}
RUN = AtLeast(
    {"run_id": str, "track_id": MAYBE_TEXT, "status": RUN_STATUS, "reason": MAYBE_TEXT, "cost_usd": Either(float, None)}
)
BY_NAME = {"name": str}
ON_PROPERTY = {"name": str, "property": str}
VALUE = {"value": object}

METHODS: dict[str, Method] = {
    "app.hello": _reads(INFO, {"token": str}),
    "app.info": _reads(INFO),
    "app.quit": _changes(NOTHING),
    "project.open": _changes({"project": str}, {"path": str}),
    "epic.plan": _changes({"run_id": str, "tracks": [TRACK]}, {"text": str}),
    "track.list": _reads({"tracks": [TRACK]}),
    "track.show": _reads({"track": TRACK, "spec": str, "plan": str, "tickets": TICKETS}, {"track_id": str}),
    "track.plan": _changes({"run_id": str, "tickets": TICKETS}, {"track_id": str}),
    "track.set_tickets": _changes({"tickets": TICKETS}, {"track_id": str, "tickets": TICKETS}),
    "run.start": _changes({"run_id": str}, {"track_id": str}, mode=MODE, workers=int, budget_usd=float),
    "run.pause": _changes({"status": RUN_STATUS}, run_id=str),
    "run.resume": _changes({"status": RUN_STATUS}, run_id=str, budget_usd=float),
    "run.cancel": _changes({"status": RUN_STATUS}, run_id=str),
    "run.wait": _reads(STATUS, run_id=str, timeout_s=float),
    "run.diff": _reads({"diff": str}, run_id=str, ticket_id=str),
    "run.apply": _changes({"commit": str}, run_id=str),
    "run.list": _reads({"runs": [RUN]}),
    "mma.status": _reads(STATUS, run_id=str),
    "stream.read": _reads(
        {"text": str, "next_offset": int, "closed": bool}, {"stream_id": str}, run_id=str, offset=int
    ),
    "approvals.list": _reads({"approvals": [APPROVAL]}, run_id=str),
    "approvals.resolve": _changes(
        {"approval": APPROVAL},
        {"id": str, "decision": Either("approve", "reject", "edit")},
        edited=Mapping(object),
        note=str,
        remember=bool,
    ),
    "usage.stats": _reads(
        {"by_tier": Mapping(USAGE), "by_ticket": Mapping(USAGE), "by_model": Mapping(USAGE), "total": USAGE},
        run_id=str,
    ),
    "context.report": _reads(REPORT, {"stream_id": str}, run_id=str),
    "events.subscribe": _reads({"seq": int}, kinds=[str], from_seq=int),
    "events.unsubscribe": _reads(NOTHING),
    "gui.tree": _reads({"widgets": [WIDGET]}, name=str),
    "gui.click": _changes(NOTHING, BY_NAME),
    "gui.type": _changes(NOTHING, {**BY_NAME, "text": str}),
    "gui.key": _changes(NOTHING, {**BY_NAME, "keys": str}),
    "gui.select": _changes(NOTHING, BY_NAME, row=int, text=str),
    "gui.get": _reads(VALUE, ON_PROPERTY),
    "gui.set": _changes(VALUE, {**ON_PROPERTY, "value": object}),
    "gui.wait": _reads(VALUE, {**ON_PROPERTY, "equals": object}, timeout_s=float),
    "gui.action": _changes(NOTHING, BY_NAME),
    "gui.screenshot": _changes(Either({"path": str}, {"png_base64": str}), name=str, path=str),
    "gui.stalls": _reads({"samples": int, "p50_ms": float, "p99_ms": float, "max_ms": float}, reset=bool),
}

EVENTS: dict[str, dict[str, Any]] = {
    "run_started": {"track_id": MAYBE_TEXT, "mode": MODE, "workers": int, "budget_usd": Either(float, None)},
    "run_ended": {"status": RUN_STATUS, "reason": MAYBE_TEXT},
    "run_paused": {},
    "run_resumed": {},
    "ticket_changed": {"ticket_id": str, "status": TICKET_STATUS, "reason": MAYBE_TEXT, "attempt": int},
    "worker_started": {
        "stream_id": str,
        "tier": Either(1, 2, 3, 4),
        "ticket_id": MAYBE_TEXT,
        "attempt": int,
        "provider": str,
        "model": str,
    },
    "worker_ended": {"stream_id": str, "outcome": str, "error": MAYBE_TEXT},
    "stream_text": {"stream_id": str, "text": str},
    "thinking": {"stream_id": str, "text": str},
    "tool_call": {"stream_id": str, "call_id": str, "name": str, "arguments": object},
    "tool_result": {"stream_id": str, "call_id": str, "name": str, "ok": bool, "output": str},
    "approval_requested": {"approval": APPROVAL},
    "approval_resolved": {"approval": APPROVAL},
    "usage": {
        "stream_id": str,
        "tier": Either(1, 2, 3, 4),
        "ticket_id": MAYBE_TEXT,
        "model": str,
        "usage": USAGE,
    },
    "context": {"stream_id": str, "report": REPORT},
    "retry": {"stream_id": str, "reason": str, "wait_s": float, "attempt": int},
    "merged": {"ticket_id": str, "commit": str},
    "applied": {"commit": str},
    "fault": {"where": str, "message": str, "hint": str},
}

ERROR_CODES = {-32700, -32600, -32601, -32602, -32603, -32001, -32002, -32003, -32004, -32005, -32006}
