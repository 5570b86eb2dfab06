"""Pause, cancel and quit in the middle of everything at once: planning, text, a question, a command, a merge."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from one_story import Listener, check_one_story, nothing_is_left, scene, tickets_of, why_not_done
from simulation_support import Application, Project, processes_in, ticket, until
from staying import KINDS, Kind, opened, staying

from slop_qt.automation import Client
from slop_qt.core.errors import ConflictError, NotPossibleError

MIDDLE = {
    "merges": "merging",
    "streams": "running",
    "waits": "running",
    "runs": "running",
    "verifies": "verifying",
    "queued": "ready",
    "later": "pending",
}
RULES = [
    {"action": "allow", "kind": "merge"},
    {"action": "allow", "kind": "command", "subject": "sleep 1000 & sleep 1000"},
]
AMONG_MERGED = 'case "$PWD" in */integration) sleep 1000;; esac'


class Middle:
    """An application in which each ticket stands where MIDDLE says, while a Tier 1 plans."""

    def __init__(self, project: Project, application: Application, client: Client) -> None:
        self.application = application
        self.client = client
        self.head = project.git("rev-parse", "HEAD")
        own: dict[str, dict[str, Any]] = {name: {} for name in MIDDLE}
        own["verifies"]["verify"], own["merges"]["verify"] = "sleep 1000", AMONG_MERGED
        own["later"]["depends_on"] = ("streams",)
        track = project.track(*(ticket(name, **fields) for name, fields in own.items()))
        self.listener = Listener(project)
        keeping = [run["run_id"] for run in client.call("run.list")["runs"]]
        self.planning = client.send("epic.plan", {"text": "Something else"})
        began = self.listener.until(
            lambda event: event["kind"] == "thinking" and event["run_id"] not in keeping, "the planning"
        )
        self.planning_run = began["run_id"]
        self.run_id = client.call("run.start", track_id=track, mode="edits", workers=4)["run_id"]
        until(lambda: self.tickets == MIDDLE, "all of them in the middle")
        until(lambda: sum("sleep 1000" in line for line in processes_in(project.data)) >= 4, "their commands")
        self.question = self.asked("First?")

    @property
    def tickets(self) -> dict[str, str]:
        """Where each ticket stands."""
        return tickets_of(self.client.get_mma_status(self.run_id))

    def reason(self, name: str) -> str:
        """Why that ticket is where it is."""
        (found,) = (one for one in self.client.get_mma_status(self.run_id)["tickets"] if one["id"] == name)
        return found["reason"]

    def asked(self, text: str) -> dict[str, Any]:
        """The only approval that waits, once it is that question."""

        def only() -> dict[str, Any] | None:
            found = self.client.call("approvals.list")["approvals"]
            return found[0] if [one["payload"]["text"] for one in found] == [text] else None

        return until(only, text)


@contextmanager
def in_the_middle(kind: Kind, project: Project) -> Iterator[Middle]:
    project.settings(rules=RULES)
    turns, defaults = scene("stopped_in_the_middle")
    with opened(kind, project, *turns, **defaults) as (application, client):
        yield Middle(project, application, client)


@pytest.mark.parametrize("kind", KINDS)
def test_paused_it_starts_nothing_and_cancelled_it_leaves_nothing(project, kind: Kind):
    with in_the_middle(kind, project) as middle:
        client = middle.client
        assert client.call("run.pause")["status"] == "paused"
        assert middle.reason("queued") == "The run is paused."
        client.call("approvals.resolve", id=middle.question["id"], decision="approve", edited={"answer": "Go on."})
        question = middle.asked("Second?")
        assert middle.tickets == MIDDLE, "what was at work goes on, and nothing else"
        assert client.call("run.resume")["status"] == "running"
        assert middle.reason("queued") == "Waits for a free worker: all 4 are at work."

        assert client.call("run.cancel", run_id=middle.run_id)["status"] == "cancelled"
        assert client.call("approvals.list")["approvals"] == []
        with pytest.raises(ConflictError, match="already expired"):
            client.call("approvals.resolve", id=question["id"], decision="approve", edited={"answer": "Too late."})
        status = client.get_mma_status(middle.run_id)
        assert tickets_of(status) == dict.fromkeys(MIDDLE, "cancelled") and why_not_done(status)
        assert processes_in(project.data) == []
        with pytest.raises(NotPossibleError, match="not under way"):
            client.call("run.pause", run_id=middle.run_id)
        assert client.call("run.cancel", run_id=middle.planning_run)["status"] == "cancelled"
        with pytest.raises(NotPossibleError, match="was cancelled"):
            client.receive(middle.planning)
        client.call("app.quit")
        assert middle.application.result().code == 0
        heard = middle.listener.all()
    check_one_story(project, heard, [status])
    ends = [
        event for event in heard if event["kind"] == "approval_resolved" and event["approval"]["kind"] == "question"
    ]
    assert [event["approval"]["state"] for event in ends] == ["approved", "expired"]
    assert ends[1]["seq"] < next(event["seq"] for event in heard if event["kind"] == "run_ended")
    nothing_is_left(project, middle.head)


WAYS = {"app.quit": 0, "SIGINT": 130, "SIGTERM": 130}


@pytest.mark.parametrize(("kind", "way"), [("headless", "app.quit"), ("window", "SIGINT"), ("headless", "SIGTERM")])
def test_quit_it_ends_in_order_and_the_next_start_tells_the_truth(project, kind: Kind, way: str):
    with in_the_middle(kind, project) as middle:
        if way == "app.quit":
            middle.client.call("app.quit")
        else:
            middle.application.interrupt(signal.Signals[way])
        assert middle.application.result().code == WAYS[way]
        before = middle.listener.all()
    assert not project.socket.exists()
    check_one_story(project, before)
    ends = {event["run_id"]: event["status"] for event in before if event["kind"] == "run_ended"}
    assert ends == {event["run_id"]: "cancelled" for event in before if event["kind"] == "run_started"}
    nothing_is_left(project, middle.head)

    with staying("headless" if kind == "window" else "window", project) as client:
        listener = Listener(project)
        (shown,) = (run for run in client.call("run.list")["runs"] if run["run_id"] == middle.run_id)
        assert (shown["status"], shown["reason"]) == ("cancelled", "The run was cancelled.")
        status = client.get_mma_status(middle.run_id)
        assert tickets_of(status) == dict.fromkeys(MIDDLE, "cancelled") and why_not_done(status)
        assert client.call("approvals.list")["approvals"] == []
        with pytest.raises(NotPossibleError):
            client.call("run.resume", run_id=middle.run_id)
    heard = listener.all()
    assert heard[: len(before)] == before
    check_one_story(project, heard, [status])
