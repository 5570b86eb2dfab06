"""From an epic to Apply, and then from the files alone: what one instance planned, another one goes on with."""

import json
from pathlib import Path
from typing import Any

import pytest
from anthropic_dialect import json_error
from loopback import Answer, LoopbackServer, Received
from simulation_support import Application, Project, finish, turn, write_file
from test_anthropic_end_to_end import answer, environment, is_count

PLAN = "# Plan\n\n## Phase 1: All\n\n- [ ] Task: Say {0}\n    - [ ] Write {0}.txt\n- [ ] Task: Say more than {0}\n"
TRACKS = [
    {"title": f"Say {name}", "type": "feature", "spec": f"# Overview\n\nSay {name}.\n", "plan": PLAN.format(name)}
    for name in ("one", "two")
]
NUMBERS = ("one", "two")


def tickets_for(name: str) -> list[dict[str, Any]]:
    first = {
        "id": name,
        "title": f"Say {name}",
        "brief": f"Write {name}.txt.",
        "files": [f"{name}.txt"],
        "depends_on": [],
        "verify": f"grep -q done {name}.txt",
        "plan_tasks": [f"Say {name}"],
    }
    second = {
        **first,
        "id": f"{name}-more",
        "title": f"Say more than {name}",
        "files": [f"{name}-more.txt"],
        "depends_on": [name],
        "verify": None,
        "plan_tasks": [f"Say more than {name}"],
    }
    return [first, second]


@pytest.fixture
def scenario(project: Project) -> Path:
    """Two tracks of two tickets each; every worker writes its file."""
    workers = []
    for name in (*NUMBERS, *(f"{number}-more" for number in NUMBERS)):
        workers += [turn(3, write_file(name), ticket=name, turn=1), turn(3, finish(), ticket=name, turn=2)]
    tech_leads = [
        turn(
            2,
            {"name": "submit_tickets", "input": {"tickets": _without_nothing(tickets_for(name))}},
            track=f"Say {name}",
        )
        for name in NUMBERS
    ]
    return project.scenario(
        turn(1, {"name": "submit_tracks", "input": {"tracks": TRACKS}}, text="Two."), *tech_leads, *workers
    )


def _without_nothing(tickets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """TOML has no null."""
    return [{key: value for key, value in ticket.items() if value is not None} for ticket in tickets]


def window(project: Project, *arguments: str | Path) -> Application:
    return project.start(project.folder, f"--automation={project.socket}", "--unsandboxed", *arguments, fresh=True)


def seen(client: Any) -> dict[str, Any]:
    """Everything that an instance says of the project's tracks."""
    tracks = client.call("track.list")["tracks"]
    return {"tracks": tracks, **{track["id"]: client.call("track.show", track_id=track["id"]) for track in tracks}}


def planned_only(state: dict[str, Any]) -> str:
    """The same without what belongs to a run."""
    plain = json.loads(json.dumps(state))
    for track in plain["tracks"]:
        for ticket in plain[track["id"]]["tickets"]:
            for field in ("status", "reason", "attempt"):
                del ticket[field]
    return json.dumps(plain, sort_keys=True)


def test_what_was_planned_edited_run_and_applied_is_read_the_same_by_others(project: Project, scenario: Path) -> None:
    with window(project, "--scenario", scenario) as application, application.client() as client:
        planned = client.call("epic.plan", text="Say one and two.")["tracks"]
        assert [track["title"] for track in planned] == ["Say one", "Say two"]
        first, second = (track["id"] for track in planned)
        for track_id in (first, second):
            client.call("track.plan", track_id=track_id)
        edited = tickets_for("one")
        edited[1]["verify"] = "grep -q done one-more.txt"
        client.call("track.set_tickets", track_id=first, tickets=edited)
        run_id = client.call("run.start", track_id=first, mode="auto")["run_id"]
        status = client.call("run.wait", run_id=run_id, timeout_s=30)
        assert status["status"] == "done", status
        commit = client.call("run.apply", run_id=run_id)["commit"]
        before = seen(client)
        client.call("app.quit")
        assert application.result().code == 0
    assert project.git("status", "--porcelain") == ""
    assert project.git("merge-base", "--is-ancestor", commit, "HEAD") == ""
    plan = (project.folder / "conductor" / "tracks" / first / "plan.md").read_text()
    for ticket in tickets_for("one"):
        merge = project.git("log", "--format=%H", f"--grep=^Merge {ticket['id']}:")
        assert f"- [x] Task: {ticket['plan_tasks'][0]} {merge[:7]}\n" in plan

    with window(project, "--scenario", scenario) as application, application.client() as client:
        assert seen(client) == before
        more = tickets_for("two")
        more[0]["brief"] = "Write two.txt, with the word done."
        client.call("track.set_tickets", track_id=second, tickets=more)
        client.call("app.quit")
        assert application.result().code == 0
    changed = [
        line for line in project.git("diff", "-U0").splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert changed == [
        '-      "brief": "Write two.txt.",',
        '+      "brief": "Write two.txt, with the word done.",',
    ]

    project.git("checkout", "--quiet", "--", ".")
    colleague = ("--data-dir", project.home / "elsewhere", "--scenario", scenario)
    with window(project, *colleague) as application, application.client() as client:
        assert planned_only(seen(client)) == planned_only(before)
        client.call("app.quit")
        assert application.result().code == 0


def tiers(request: Received) -> Answer:
    """A model of Anthropic's that plans two tracks and works their tickets."""
    if is_count(request):
        return json_error(404, "not_found_error", "no counts here")
    tools = {tool["name"] for tool in request.body["tools"]}
    prompt = json.dumps(request.body["messages"][0])
    if "submit_tracks" in tools:
        return answer({"name": "submit_tracks", "input": {"tracks": TRACKS}})
    if "submit_tickets" in tools:
        name = next(name for name in NUMBERS if f"Track: Say {name}" in prompt)
        return answer({"name": "submit_tickets", "input": {"tickets": tickets_for(name)}})
    ticket_id = prompt.split("Ticket: ")[1].split("\\n")[0]
    return answer(finish()) if len(request.body["messages"]) > 1 else answer(write_file(ticket_id))


def test_an_epic_of_two_tracks_reaches_the_branch_through_the_real_sdk(project: Project) -> None:
    with LoopbackServer(tiers) as server:
        project.environment |= environment(server.base_url)
        named = ("--project", project.folder, "--epic", "Say one and two", "--provider", "anthropic", "--mode", "auto")
        result = project.slop("run", *named, "--unsandboxed", "--apply")
    assert (result.code, result.err) == (0, "")
    assert project.git("status", "--porcelain") == ""
    first, second = project.tracks
    plans = [(project.folder / "conductor" / "tracks" / track / "plan.md").read_text() for track in (first, second)]
    assert [plan.count("- [x] Task: ") for plan in plans] == [2, 2]
    names = {"one.txt", "one-more.txt", "two.txt", "two-more.txt"}
    assert names <= set(project.git("ls-files").splitlines())
    subjects = project.git("log", "--format=%s").splitlines()
    assert [subject for subject in subjects if subject.startswith("chore(conductor): Add new track")] != []
