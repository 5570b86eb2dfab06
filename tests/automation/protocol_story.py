"""A story in which a real application answers every method of the protocol, with and without a window.

A track is planned, written and run in step mode with every kind of approval, paused, applied; a second run is
cancelled. All that was answered is kept, so that tests ask what they like of one start.
"""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from protocol_refusals import REFUSALS, TICKETS, Kind, Moment, Refusal
from simulation_support import WAIT_S, Application, Project, finish, turn, until, write_file

from slop_qt.automation import Client
from slop_qt.automation.protocol import error_code
from slop_qt.core.errors import SlopError

__all__ = ["Heard", "Refused", "kept_alive", "tell"]

_HANG = {"kind": "hang", "after_chunks": 1}
_PLAN = "# Plan\n\n## Phase 1: All\n\n- [ ] Task: All of it\n"


@dataclass(frozen=True)
class Refused:
    """How a wrong call was answered; code 0 where it was not refused. data as on the wire."""

    code: int
    message: str
    data: Any = None


@dataclass
class Heard:
    """All that the application has said. ids are what stands for `$track` and the like in refusals."""

    client: Client
    results: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[Refusal, Refused] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.results["app.hello"].append(self.client.info)

    def call(self, method: str, /, **params: Any) -> Any:
        """A call that must be answered; the answer is kept."""
        answer = self.client.call(method, **params)
        self.results[method].append(answer)
        return answer

    def refuse(self, kind: Kind, moment: Moment) -> None:
        """Make every wrong call of that moment, and keep what came of it."""
        for refusal in REFUSALS:
            if refusal.moment == moment and kind in refusal.kinds:
                self.refused[refusal] = self.attempt(refusal.method, self._filled(refusal.params))

    def attempt(self, method: str, params: dict[str, Any]) -> Refused:
        """A call that is expected to fail."""
        try:
            answer = self.client.call(method, **params)
        except SlopError as error:
            data = getattr(error, "state", None) or ({"hint": error.hint} if error.hint else None)
            return Refused(error_code(error), error.message, data)
        return Refused(0, str(answer))

    def filled(self, text: str) -> str:
        """The text with the story's own ids."""
        for name, value in self.ids.items():
            text = text.replace(name, value)
        return text

    def _filled(self, params: dict[str, Any]) -> dict[str, Any]:
        return {name: self.ids.get(value, value) if isinstance(value, str) else value for name, value in params.items()}


def scenario(project: Project, kind: Kind) -> Path:
    """Two planners, and two workers of whom one asks about everything that can be asked about."""
    tracks = [{"title": "Walls", "type": "feature", "spec": "# Walls\n", "plan": _PLAN}]
    keeps_alive = {"fault": _HANG} if kind == "headless" else {}  # the first that asks hangs, and the next does not
    ask = {"name": "ask_user", "input": {"question": "Which colour?", "choices": ["red", "blue"]}}
    run = {"name": "run_command", "input": {"command": "true"}}
    cut = {"kind": "disconnect", "after_chunks": 1, "retry_after_s": 0.01}
    refused = {"kind": "auth", "times": 99}
    return project.scenario(
        turn(1, {"name": "submit_tracks", "input": {"tracks": tracks}}, thinking="Hm.", text="One.", **keeps_alive),
        turn(2, text="Never said.", track="Bare", fault=refused),
        turn(2, {"name": "submit_tickets", "input": {"tickets": [_named(ticket) for ticket in TICKETS]}}, text="Two."),
        turn(3, ask, ticket="T-001", turn=1, thinking="Which one?", text="I ask first. "),
        turn(3, write_file("T-001"), run, ticket="T-001", turn=2, text="Now I write.", fault=cut),
        turn(3, finish(), ticket="T-001", turn=3),
        turn(3, finish(), ticket="T-002"),
    )


def _named(ticket: dict[str, Any]) -> dict[str, Any]:
    """As a model hands it in: what is not there is left out, and every task is one that the plan has."""
    return {**{name: value for name, value in ticket.items() if value is not None}, "plan_tasks": ["All of it"]}


@contextmanager
def kept_alive(kind: Kind, project: Project, *options: str | Path) -> Iterator[tuple[Application, Client]]:
    """The application, and a client of it. Without a window a planning that hangs keeps it."""
    common = (f"--automation={project.socket}", *options)
    command = ("plan", "--project", project.folder, "--epic", "Stay") if kind == "headless" else (project.folder,)
    with project.start(*command, *common) as application, application.client() as client:
        if kind == "headless":
            next(client.subscribe(["thinking"], from_seq=0, timeout_s=WAIT_S))
            client.unsubscribe()
        yield application, client


def tell(kind: Kind, project: Project, pictures: Path) -> Heard:
    """The whole story. The application has ended when this returns."""
    bare = project.track(title="Bare")
    project.track(title="Spare")
    options = ("--scenario", scenario(project, kind), "--unsandboxed")
    with kept_alive(kind, project, *options) as (application, client):
        heard = Heard(client)
        heard.ids["$bare"] = bare
        _plan(heard, kind)
        if kind == "window":
            _use_the_window(heard, pictures)
        _run(heard, kind)
        _cancel(heard)
        _listen(heard)
        heard.call("app.quit")
        assert application.result().code == 0
    return heard


def _plan(heard: Heard, kind: Kind) -> None:
    heard.call("app.info")
    runs = heard.call("run.list")["runs"]
    if kind == "headless":
        heard.ids["$planning"] = runs[0]["run_id"]
    heard.call("mma.status")
    heard.ids["$track"] = track = heard.call("track.list")["tracks"][1]["id"]
    heard.refuse(kind, "fresh")
    heard.ids["$track"] = track = heard.call("epic.plan", text="Build walls.")["tracks"][0]["id"]
    heard.call("track.list")
    heard.call("track.plan", track_id=track)
    first, second = TICKETS
    far = {"status": "done", "attempt": 3, "reason": "It was."}
    without_verify = {name: value for name, value in second.items() if name != "verify"}
    heard.call("track.set_tickets", track_id=track, tickets=[{**first, **far}, without_verify])
    heard.call("track.show", track_id=track)


def _run(heard: Heard, kind: Kind) -> None:
    track = heard.ids["$track"]
    heard.ids["$run"] = run = heard.call("run.start", track_id=track, mode="step", workers=2)["run_id"]
    pending = _next_approval(heard, run)
    heard.ids["$pending"] = pending["id"]
    heard.call("mma.status")
    heard.call("track.show", track_id=track)
    heard.refuse(kind, "waiting")
    heard.call("run.pause", run_id=run)
    heard.call("approvals.resolve", id=pending["id"], decision="approve", note="Go on.")
    heard.ids["$decided"] = pending["id"]
    heard.refuse(kind, "paused")
    heard.call("run.resume", run_id=run)
    waiting = heard.client.send("run.wait", {"run_id": run})
    while (approval := _next_approval(heard, run)) is not None:
        heard.call("mma.status", run_id=run)
        heard.call("approvals.resolve", id=approval["id"], **_decision(approval))
    heard.results["run.wait"].append(heard.client.receive(waiting))
    heard.call("run.wait", timeout_s=0)
    heard.refuse(kind, "ended")
    heard.call("run.diff", run_id=run)
    heard.call("run.diff", ticket_id="T-001")
    heard.call("stream.read", stream_id="Tier 3: T-001", run_id=run, offset=2)
    heard.call("usage.stats", run_id=run)
    heard.call("context.report", stream_id="Tier 3: T-001", run_id=run)
    heard.call("run.apply", run_id=run)
    heard.refuse(kind, "applied")


def _next_approval(heard: Heard, run: str) -> Any:
    """The oldest that waits; None when the run has ended."""

    def there() -> Any:
        found = heard.call("approvals.list", run_id=run)["approvals"]
        return found or heard.client.get_mma_status(run)["status"] not in {"running", "paused"}

    found = until(there, "an approval")
    return None if found is True else found[0]


def _decision(approval: dict[str, Any]) -> dict[str, Any]:
    if approval["kind"] == "question":
        return {"decision": "approve", "edited": {"answer": "red"}}
    if approval["kind"] == "command":
        return {"decision": "edit", "edited": {"command": "echo edited"}}
    if approval["ticket_id"] == "T-002":
        return {"decision": "reject", "note": "Not now."}
    return {"decision": "approve"}


def _cancel(heard: Heard) -> None:
    """Nothing is sent here: a limit in money would stop what has no price."""
    run = heard.call("run.start", track_id=heard.ids["$track"], mode="ask", budget_usd=5)["run_id"]
    _next_approval(heard, run)
    heard.call("run.pause")
    heard.call("run.resume", budget_usd=6)
    heard.call("mma.status")
    heard.call("run.cancel")
    heard.call("run.wait", run_id=run)
    heard.call("run.list")
    heard.call("approvals.list")


def _listen(heard: Heard) -> None:
    """Every event so far: up to the end of the second run."""
    last = heard.results["run.list"][-1]["runs"][0]["run_id"]
    heard.call("events.subscribe")
    for event in heard.client.subscribe(from_seq=0, timeout_s=WAIT_S):
        heard.events.append(event)
        if (event["kind"], event["run_id"]) == ("run_ended", last):
            break
    heard.call("events.unsubscribe")


def _use_the_window(heard: Heard, pictures: Path) -> None:
    heard.call("gui.wait", name="tracks.tree", property="visible", equals=True, timeout_s=20)
    heard.call("gui.tree")
    heard.call("gui.tree", name="tracks.tree")
    heard.call("gui.select", name="docks.tabs.approvals", text="Activity")
    heard.call("gui.click", name="activity.filter")
    heard.call("gui.type", name="activity.filter", text="abc")
    heard.call("gui.wait", name="activity.filter", property="text", equals="abc")
    heard.call("gui.key", name="activity.filter", keys="Ctrl+A, Delete")
    for name in ("text", "value", "visible", "geometry"):
        heard.call("gui.get", name="activity.filter", property=name)
    heard.call("gui.get", name="tracks.tree", property="rows")
    heard.call("gui.set", name="activity.filter", property="text", value="abc")
    heard.call("gui.set", name="activity.filter", property="text", value="")
    heard.call("gui.action", name="action.theme.dark")
    heard.call("gui.screenshot", path=str(pictures / "whole.png"))
    heard.call("gui.screenshot", name="tracks.tree")
    heard.call("gui.stalls", reset=True)
    heard.call("project.open", path=heard.results["app.info"][0]["project"])  # it is open already
