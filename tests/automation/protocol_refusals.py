"""What the application must refuse, moment by moment of `protocol_story`: the method, what is said, and the code."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from letter import ERROR_CODES

__all__ = ["REFUSALS", "TICKETS", "Kind", "Moment", "Refusal"]

Kind = Literal["headless", "window"]
Moment = Literal["fresh", "waiting", "paused", "ended", "applied"]
BOTH: tuple[Kind, ...] = ("headless", "window")


@dataclass(frozen=True, eq=False)
class Refusal:
    """One wrong call. `$track`, `$bare`, `$run`, `$planning`, `$pending` and `$decided` stand for ids of the story."""

    moment: Moment
    method: str
    params: dict[str, Any]
    code: int
    says: str
    kinds: tuple[Kind, ...] = BOTH

    def __post_init__(self) -> None:
        assert self.code in ERROR_CODES

    def __str__(self) -> str:
        return f"{self.moment}-{self.method}-{self.code}-{self.says}"


def _ticket(ticket_id: str, *depends_on: str) -> dict[str, Any]:
    return {
        "id": ticket_id,
        "title": f"Do {ticket_id}",
        "brief": "As it says.",
        "files": [f"{ticket_id}.txt"],
        "depends_on": list(depends_on),
        "verify": None,
    }


TICKETS: list[dict[str, Any]] = [
    {**_ticket("T-001"), "plan_tasks": ["All of it"]},
    {**_ticket("T-002", "T-001"), "plan_tasks": ["Nobody's"]},
]
_CYCLE = [_ticket("T-001", "T-002"), _ticket("T-002", "T-001")]
_ON_RUNS = ("run.pause", "run.resume", "run.cancel", "run.wait", "run.diff", "run.apply", "mma.status", "usage.stats")
_STREAM = {"stream_id": "Tier 1"}
_ON_WIDGETS: dict[str, dict[str, Any]] = {
    "gui.click": {},
    "gui.type": {"text": "x"},
    "gui.key": {"keys": "Escape"},
    "gui.select": {"row": 0},
    "gui.get": {"property": "text"},
    "gui.set": {"property": "text", "value": "x"},
    "gui.action": {},
    "gui.screenshot": {},
    "gui.tree": {},
}
_INTO_WIDGETS = ("gui.click", "gui.type", "gui.key", "gui.select")


def _of_runs() -> Iterator[Refusal]:
    for method in (*_ON_RUNS, "approvals.list"):
        yield Refusal("fresh", method, {"run_id": "R-9"}, -32001, "There is no run R-9")
    for method in ("stream.read", "context.report"):
        yield Refusal("fresh", method, {**_STREAM, "run_id": "R-9"}, -32001, "There is no run R-9")
        nowhere = {"run_id": "$planning", "stream_id": "Tier 9"}
        yield Refusal("fresh", method, nowhere, -32001, "no stream Tier 9", ("headless",))
        yield Refusal("ended", method, {"run_id": "$run", "stream_id": "Tier 9"}, -32001, "no stream Tier 9")
        yield Refusal("fresh", method, _STREAM, -32001, "There is no run", ("window",))
    for method in _ON_RUNS:
        if method != "mma.status":  # whose fields are empty before there is any run
            yield Refusal("fresh", method, {}, -32001, "There is no run", ("window",))
    for method in ("run.pause", "run.resume", "run.apply"):
        yield Refusal("fresh", method, {"run_id": "$planning"}, -32003, "", ("headless",))
    timed_out = "has not ended after 0 s"
    yield Refusal("fresh", "run.wait", {"run_id": "$planning", "timeout_s": 0}, -32004, timed_out, ("headless",))
    yield Refusal("waiting", "run.wait", {"run_id": "$run", "timeout_s": 0}, -32004, timed_out)
    yield Refusal("waiting", "run.start", {"track_id": "$track"}, -32002, "A run is under way: $run")
    yield Refusal("waiting", "run.resume", {"run_id": "$run"}, -32003, "is not paused")
    yield Refusal("waiting", "run.apply", {"run_id": "$run"}, -32003, "is running")
    yield Refusal("waiting", "run.diff", {"run_id": "$run", "ticket_id": "T-9"}, -32001, "no ticket T-9")
    yield Refusal("paused", "run.pause", {"run_id": "$run"}, -32002, "already paused")
    for method in ("run.pause", "run.resume", "run.cancel"):
        yield Refusal("ended", method, {"run_id": "$run"}, -32003, "is not under way")
    yield Refusal("applied", "run.apply", {"run_id": "$run"}, -32002, "is already applied")
    for wrong in ({"workers": 0}, {"workers": 65}, {"budget_usd": 0}, {"mode": "fast"}):
        yield Refusal("fresh", "run.start", {"track_id": "$track", **wrong}, -32602, next(iter(wrong)))
    yield Refusal("fresh", "run.wait", {"timeout_s": -1}, -32602, "timeout_s")
    yield Refusal("fresh", "run.resume", {"budget_usd": 0}, -32602, "budget_usd")
    yield Refusal("ended", "stream.read", {"run_id": "$run", "stream_id": "Tier 3: T-001", "offset": -1}, -32602, "off")


def _of_plans() -> Iterator[Refusal]:
    for method in ("track.show", "track.plan", "run.start"):
        yield Refusal("fresh", method, {"track_id": "nowhere"}, -32001, "There is no track nowhere")
    write = "track.set_tickets"
    yield Refusal("fresh", write, {"track_id": "nowhere", "tickets": TICKETS}, -32001, "There is no track nowhere")
    yield Refusal("fresh", write, {"track_id": "$track", "tickets": _CYCLE}, -32602, "T-001")
    orphan = [_ticket("T-001", "T-9")]
    yield Refusal("fresh", write, {"track_id": "$track", "tickets": orphan}, -32602, "T-9")
    strange = [{**_ticket("T-001"), "colour": "red"}]
    yield Refusal("fresh", write, {"track_id": "$track", "tickets": strange}, -32602, "colour")
    yield Refusal("waiting", write, {"track_id": "$track", "tickets": TICKETS[1:]}, -32602, "T-001")
    changed = [{**TICKETS[0], "brief": "Otherwise."}, TICKETS[1]]
    yield Refusal("waiting", write, {"track_id": "$track", "tickets": changed}, -32003, "T-001")
    yield Refusal("fresh", "run.start", {"track_id": "$bare"}, -32003, "has no tickets")
    yield Refusal("fresh", "track.plan", {"track_id": "$bare"}, -32005, "")
    yield Refusal("fresh", "epic.plan", {"text": ""}, -32602, "text")


def _of_approvals() -> Iterator[Refusal]:
    decide = "approvals.resolve"
    yield Refusal("fresh", decide, {"id": "nobody", "decision": "approve"}, -32001, "There is no approval nobody")
    yield Refusal("fresh", decide, {"id": "nobody", "decision": "perhaps"}, -32602, "decision")
    pending = {"id": "$pending"}
    yield Refusal("waiting", decide, {**pending, "decision": "edit"}, -32602, "needs edited fields")
    edited = {**pending, "decision": "approve", "edited": {"colour": "red"}}
    yield Refusal("waiting", decide, edited, -32602, "colour cannot be edited")
    edited = {**pending, "decision": "reject", "edited": {"prompt": "Do it."}}
    yield Refusal("waiting", decide, edited, -32602, "takes no edited fields")
    edited = {**pending, "decision": "edit", "edited": {"prompt": 7}}
    yield Refusal("waiting", decide, edited, -32602, "prompt")
    for moment in ("paused", "ended"):
        for decision in ("approve", "reject"):
            late = {"id": "$decided", "decision": decision}
            yield Refusal(moment, decide, late, -32002, "is already")


def _of_widgets() -> Iterator[Refusal]:
    for method, params in {**_ON_WIDGETS, "gui.wait": {"property": "text", "equals": "x"}, "gui.stalls": {}}.items():
        named = params if method == "gui.stalls" else {"name": "tracks.tree", **params}
        yield Refusal("fresh", method, named, -32003, "There is no window", ("headless",))
    yield Refusal("fresh", "gui.tree", {}, -32003, "There is no window", ("headless",))
    yield Refusal("fresh", "gui.screenshot", {}, -32003, "There is no window", ("headless",))

    def window(method: str, params: dict[str, Any], code: int, says: str) -> Refusal:
        return Refusal("fresh", method, params, code, says, ("window",))

    for method, params in _ON_WIDGETS.items():
        what = "action" if method == "gui.action" else "widget"
        yield window(method, {"name": "tracks.tre", **params}, -32001, f"There is no {what} tracks.tre")
    for method in _INTO_WIDGETS:
        yield window(method, {"name": "tokens.table", **_ON_WIDGETS[method]}, -32003, "is hidden")
        yield window(method, {"name": "tracks.pause", **_ON_WIDGETS[method]}, -32003, "tracks.pause is")
        yield window(method, {"name": "", **_ON_WIDGETS[method]}, -32602, "name")
    yield window("gui.screenshot", {"name": "tokens.table"}, -32003, "is hidden")
    yield window("gui.action", {"name": "action.tracks.pause"}, -32003, "is disabled")
    yield window("gui.key", {"name": "tracks.tree", "keys": "Ctrl+Nonsense"}, -32602, "is no key")
    yield window("gui.select", {"name": "tracks.tree"}, -32602, "give row or text")
    yield window("gui.select", {"name": "tracks.tree", "row": 0, "text": "Walls"}, -32602, "give row or text")
    yield window("gui.select", {"name": "tracks.tree", "row": 99}, -32001, "row 99")
    yield window("gui.select", {"name": "tracks.tree", "text": "Roof"}, -32001, "Roof")
    yield window("gui.select", {"name": "tracks.run", "row": 0}, -32003, "")
    for method, more in (("gui.get", {}), ("gui.set", {"value": 1})):
        params = {"name": "tracks.tree", "property": "colour", **more}
        yield window(method, params, -32001, "has no property colour")
    params = {"name": "tracks.tree", "property": "isActiveWindow", "value": True}
    yield window("gui.set", params, -32602, "can only be read")
    params = {"name": "tracks.tree", "property": "enabled", "equals": "never", "timeout_s": 0}
    yield window("gui.wait", params, -32004, "after 0 s")
    yield window("gui.wait", {**params, "name": "nowhere"}, -32004, "after 0 s")
    yield window("gui.screenshot", {"path": "here.png"}, -32602, "absolute path")
    yield window("gui.screenshot", {"path": "/nowhere/at/all.png"}, -32003, "cannot be written")


def _of_the_socket() -> Iterator[Refusal]:
    for method in ("no.such", "", "epic.propose", "settings.set_key", "rpc.discover"):
        yield Refusal("fresh", method, {}, -32601, f"There is no method {method}")
    yield Refusal("fresh", "events.subscribe", {"kinds": ["run_prepared"]}, -32602, "stream_text")
    yield Refusal("fresh", "events.subscribe", {"from_seq": -1}, -32602, "from_seq")


REFUSALS: tuple[Refusal, ...] = (*_of_runs(), *_of_plans(), *_of_approvals(), *_of_widgets(), *_of_the_socket())
