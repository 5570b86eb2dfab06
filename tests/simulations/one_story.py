"""One story: what the socket sent, what is on disk, what the status says of each run, and what is left of it."""

import json
import re
import threading
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from same_figures import journal_of
from simulation_support import WAIT_S, Project, processes_in

from slop_qt.automation import Client
from slop_qt.core.events import EVENT_KINDS, dump_event

__all__ = ["Listener", "check_one_story", "nothing_is_left", "scene", "tickets_of", "why_not_done"]

Event = dict[str, Any]
_COUNTS = ("requests", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


def scene(name: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The turns and the defaults of a scenario file that lies beside the simulations."""
    content = tomllib.loads((Path(__file__).parent / "scenarios" / f"{name}.toml").read_text())
    return content["turn"], content.get("defaults", {})


class Listener(threading.Thread):
    """Hears every event from the journal's first to the application's last, over a connection of its own."""

    def __init__(self, project: Project) -> None:
        super().__init__(name="listener", daemon=True)
        self._told = threading.Condition()
        self._heard: list[Event] = []
        self._client = Client(project.socket, timeout_s=WAIT_S)
        self._events = self._client.subscribe(from_seq=0)
        self.start()

    def run(self) -> None:
        """Until the connection ends."""
        for event in self._events:
            with self._told:
                self._heard.append(event)
                self._told.notify_all()
        self._client.close()

    @property
    def events(self) -> list[Event]:
        """What was heard so far."""
        with self._told:
            return list(self._heard)

    def until(self, met: Callable[[Event], bool], what: str) -> Event:
        """The first event for which it holds, heard or yet to come."""
        seen = 0
        with self._told:
            while True:
                for event in self._heard[seen:]:
                    if met(event):
                        return event
                seen = len(self._heard)
                assert self._told.wait(WAIT_S), f"waited {WAIT_S} s for {what}"

    def more(self, seen: int) -> list[Event]:
        """What was heard after the first `seen` events, once it is something."""
        with self._told:
            assert self._told.wait_for(lambda: len(self._heard) > seen, WAIT_S), f"waited {WAIT_S} s for any event"
            return self._heard[seen:]

    def all(self) -> list[Event]:
        """Everything, when the application has ended."""
        self.join(WAIT_S)
        assert not self.is_alive(), "the application's connection is still open"
        return self.events


def check_one_story(project: Project, heard: Sequence[Event], statuses: Iterable[dict[str, Any]] = ()) -> None:
    """Hold what a socket heard from beginning to end against the journal, and MMA statuses against both.

    A status is one of a run that has ended. Every agent has one end, and every approval one answer.
    """
    on_disk = [json.loads(dump_event(event)) for event in journal_of(project) if event.kind in EVENT_KINDS]
    for ours, theirs in zip(heard, on_disk, strict=False):
        assert ours == theirs, "the first event that differs"
    assert len(heard) == len(on_disk), (heard[len(on_disk) :], on_disk[len(heard) :])
    began = Counter((event["run_id"], event["stream_id"]) for event in heard if event["kind"] == "worker_started")
    ended = Counter((event["run_id"], event["stream_id"]) for event in heard if event["kind"] == "worker_ended")
    assert began == ended and set(began.values()) <= {1}
    asked = [event["approval"]["id"] for event in heard if event["kind"] == "approval_requested"]
    answered = Counter(event["approval"]["id"] for event in heard if event["kind"] == "approval_resolved")
    assert set(answered.values()) <= {1} and set(asked) <= set(answered)
    for status in statuses:
        told = [event for event in heard if event["run_id"] == status["run_id"]]
        assert _seen_in(status) == _folded(told)


def _seen_in(status: dict[str, Any]) -> dict[str, Any]:
    return {
        "status": status["status"],
        "tickets": {one["id"]: (one["status"], one["reason"], one["attempt"]) for one in status["tickets"]},
        "streams": status["mma_streams"],
        "usage": {tier: tuple(used[count] for count in _COUNTS) for tier, used in status["tier_usage"].items()},
        "approvals": [approval["id"] for approval in status["pending_approvals"]],
    }


def _folded(events: Iterable[Event]) -> dict[str, Any]:
    """What these events of a run come to, read without anything of the application's."""
    status = None
    tickets: dict[str, tuple[str, str | None, int]] = {}
    streams: dict[str, list[str]] = {}
    usage = {f"Tier {tier}": (0,) * len(_COUNTS) for tier in (1, 2, 3, 4)}
    approvals: list[str] = []
    for event in events:
        match event["kind"]:
            case "run_ended":
                status = event["status"]
            case "ticket_changed":
                tickets[event["ticket_id"]] = (event["status"], event["reason"], event["attempt"])
            case "worker_started":
                streams[event["stream_id"]] = []
            case "stream_text":
                streams[event["stream_id"]].append(event["text"])
            case "usage":
                tier = f"Tier {event['tier']}"
                usage[tier] = tuple(a + event["usage"][name] for a, name in zip(usage[tier], _COUNTS, strict=True))
            case "approval_requested":
                approvals.append(event["approval"]["id"])
            case "approval_resolved" if event["approval"]["id"] in approvals:
                approvals.remove(event["approval"]["id"])
    texts = {stream_id: "".join(pieces) for stream_id, pieces in streams.items()}
    return {"status": status, "tickets": tickets, "streams": texts, "usage": usage, "approvals": approvals}


def tickets_of(status: dict[str, Any]) -> dict[str, str]:
    """Where each ticket of an MMA status stands."""
    return {one["id"]: one["status"] for one in status["tickets"]}


def why_not_done(status: dict[str, Any]) -> dict[str, str]:
    """The reasons of all tickets that are not done, each of which is at least a sentence."""
    reasons = {one["id"]: one["reason"] for one in status["tickets"] if one["status"] != "done"}
    mute = {name: reason for name, reason in reasons.items() if not re.fullmatch(r"(?s)\S.* .*[.!?]", reason or "")}
    assert mute == {}, "no sentence says why"
    return reasons


def nothing_is_left(project: Project, head: str) -> None:
    """No process, worktree or lock; the person's branch and tree, conductor/ aside, as they were at `head`."""
    assert processes_in(project.home) == []
    assert project.git("worktree", "list").count("\n") == 0
    assert not list((project.folder / ".git").rglob("*.lock"))
    assert project.git("rev-parse", "HEAD") == head
    assert project.git("status", "--porcelain", "--", ":!conductor") == ""
