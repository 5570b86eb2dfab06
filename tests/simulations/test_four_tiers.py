"""From an epic to the person's branch with sixteen workers at once, and a person who answers them in any order."""

import random
import sys
from collections import Counter
from typing import Any

import pytest
from forty_tickets import CLASHING, FAILING, GRAPH, tier_2_and_3
from one_story import Listener, check_one_story, nothing_is_left, scene, tickets_of
from simulation_support import Project, until
from staying import KINDS, Kind, staying

from slop_qt.automation import Client

WORKERS = 16


class AnsweringPerson:
    """Approves whatever is asked, in any order; every edit in words of its own, by which it can be told from others.

    The merges of two tickets that clash are answered together, so that they do clash.
    """

    def __init__(self, client: Client, listener: Listener, seed: int) -> None:
        self._client = client
        self._listener = listener
        self._chance = random.Random(seed)
        self._answered: set[str] = set()
        self._clashed = False
        self._held: list[dict[str, Any]] = []
        self.written: dict[tuple[str, str], str] = {}  # what was approved last, by ticket and path

    def waiting(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self._client.call("approvals.list")["approvals"] if one["kind"] == kind]

    def answer(self, approvals: list[dict[str, Any]]) -> None:
        for approval in self._chance.sample(approvals, len(approvals)):
            self._answered.add(approval["id"])
            if approval["kind"] == "edit":
                path, content = approval["payload"]["path"], approval["payload"]["content"] + approval["id"]
                self.written[approval["ticket_id"], path] = content
                self._client.call("approvals.resolve", id=approval["id"], decision="edit", edited={"content": content})
            else:
                self._client.call("approvals.resolve", id=approval["id"], decision="approve")

    def to_the_end(self, run_id: str) -> dict[str, Any]:
        """Answer what is asked until the run has ended. Returns its MMA status."""
        seen = 0
        while True:
            events = self._listener.more(seen)
            seen += len(events)
            own = [event for event in events if event["run_id"] == run_id]
            if any(event["kind"] == "run_ended" for event in own):
                return self._client.wait_run(run_id)
            asked = [event["approval"] for event in own if event["kind"] == "approval_requested"]
            self.answer(self._together([one for one in asked if one["id"] not in self._answered]))

    def _together(self, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What may be answered now: the first of two that clash waits for the other."""
        clashing = [one for one in asked if one["kind"] == "merge" and one["ticket_id"] in CLASHING]
        others = [one for one in asked if one not in clashing]
        self._held += clashing
        if not self._clashed and len(self._held) < len(CLASHING):
            return others
        self._clashed = True
        due, self._held = self._held, []
        return others + due


@pytest.mark.parametrize("kind", KINDS)
def test_an_epic_of_forty_tickets_reaches_the_branch_and_every_figure_fits(project, same_figures, kind: Kind):
    turns, defaults = scene("four_tiers")
    head = project.git("rev-parse", "HEAD")
    seed = random.randrange(1 << 32)
    sys.stdout.write(f"approvals are answered in the order of seed {seed}\n")
    with staying(kind, project, turns[0], *tier_2_and_3(), *turns[1:], **defaults) as client:
        listener = Listener(project)
        planned = client.call("epic.plan", text="A house")
        walls, roof = (track["id"] for track in planned["tracks"])
        assert [one["id"] for one in client.call("track.plan", track_id=walls)["tickets"]] == list(GRAPH)

        person = AnsweringPerson(client, listener, seed)
        run_id = client.call("run.start", track_id=walls, mode="ask", workers=WORKERS)["run_id"]
        for kind_of_approval in ("spawn", "edit"):
            until(lambda kind=kind_of_approval: len(person.waiting(kind)) == WORKERS, "all workers at once")
            person.answer(person.waiting(kind_of_approval))
        status = person.to_the_end(run_id)
        assert (status["status"], tickets_of(status)) == ("done", dict.fromkeys(GRAPH, "done"))
        assert project.git("rev-parse", "HEAD") == head, "nothing reaches the person's branch by itself"
        client.call("run.apply", run_id=run_id)

        client.call("track.plan", track_id=roof)
        second = client.call("run.start", track_id=roof, mode="auto", workers=WORKERS)["run_id"]
        assert client.wait_run(second)["status"] == "done"
        client.call("run.apply", run_id=second)
        same_figures(client)
        keeper = 1 if kind == "headless" else 0
        statuses = [client.get_mma_status(run["run_id"]) for run in client.call("run.list")["runs"]]
        assert [one["status"] for one in statuses] == ["done"] * 5 + ["planning"] * keeper
    heard = listener.all()
    check_one_story(project, heard, statuses[:5])
    check_order([event for event in heard if event["run_id"] == run_id])
    check_repository(project, [event for event in heard if event["kind"] == "merged"], person.written)
    nothing_is_left(project, project.git("rev-parse", "HEAD"))


def check_order(events: list[dict[str, Any]]) -> None:
    """Who depends came later, who shares a file at another time; failures were explained, who clashed began anew."""
    at_work: set[str] = set()
    done: set[str] = set()
    most = 0
    attempts = Counter(
        event["ticket_id"] for event in events if event["kind"] == "worker_started" and event["tier"] == 3
    )
    for event in events:
        if event["kind"] == "worker_started" and event["tier"] == 3:
            name = event["ticket_id"]
            at_work.add(name)
            most = max(most, len(at_work))
            assert done.issuperset(GRAPH[name]["depends_on"])
            files = set(GRAPH[name]["files"])
            assert [one for one in at_work - {name} if files.intersection(GRAPH[one]["files"])] == []
        elif event["kind"] == "ticket_changed" and event["status"] in {"review", "done"}:
            at_work.discard(event["ticket_id"])
            if event["status"] == "done":
                done.add(event["ticket_id"])
    assert most == WORKERS
    again = {name for name, times in attempts.items() if times == 2}
    assert set(attempts.values()) == {1, 2} and again > set(FAILING) and len(again) == len(FAILING) + 1
    assert again - set(FAILING) < set(CLASHING)
    explained = {event["stream_id"] for event in events if event["kind"] == "worker_started" and event["tier"] == 4}
    assert explained == {f"Tier 4: {name} #1" for name in FAILING}


def check_repository(project: Project, merged: list[dict[str, Any]], written: dict[tuple[str, str], str]) -> None:
    """The branch has each ticket's merge and nothing else, in each file what was approved for it last."""
    names = [event["ticket_id"] for event in merged]
    assert Counter(names) == Counter([*GRAPH, "beams", "tiles"])
    commits = set(project.git("log", "--merges", "--format=%H").splitlines())
    applied = set(project.git("log", "--merges", "--first-parent", "--format=%H").splitlines())
    assert len(applied) == 2 and commits - applied == {event["commit"] for event in merged}
    expected = {"README.md": "A project.", "beams.txt": "beams", "tiles.txt": "tiles"}
    for name in names:
        expected |= {path: content for (ticket_id, path), content in written.items() if ticket_id == name}
    files = project.git("ls-tree", "-r", "--name-only", "HEAD").splitlines()
    found = {name: (project.folder / name).read_text().strip() for name in files if not name.startswith("conductor/")}
    assert found == expected
    plans = [project.folder / "conductor" / "tracks" / track / "plan.md" for track in project.tracks]
    assert all("- [x] Task:" in plan.read_text() for plan in plans)
