"""From an epic to Apply by hand: tracks, tickets edited in the form and in the graph, a run, and the files after it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from person import Person
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QListView, QPlainTextEdit
from simulation_support import Project, finish, turn, write_file

from slop_qt.app import run_window
from slop_qt.engine import Engine
from slop_qt.launch import LaunchOptions
from slop_qt.mma import commands, shapes
from slop_qt.store.conductor.folder import ConductorFolder
from slop_qt.widgets.graph.edge_painter import handle_center
from slop_qt.widgets.graph.view import GraphView
from slop_qt.window import MainWindow

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))  # the loopback server of the wire tests
from anthropic_dialect import stream_answer
from dialect import CANARY_KEY
from loopback import Answer, LoopbackServer, Received

PLAN = "# Plan\n\n## Phase 1: All\n\n- [ ] Task: Say one\n- [ ] Task: Say two\n"
TRACKS = [{"title": title, "spec": f"# {title}\n", "plan": PLAN} for title in ("Count", "Count on")]


def planned(ticket_id: str, task: str) -> dict[str, Any]:
    fields = {"brief": f"Write {ticket_id}.txt.", "files": [f"{ticket_id}.txt"], "depends_on": [], "plan_tasks": [task]}
    return {"id": ticket_id, "title": task, "verify": "true", **fields}


TICKETS = {"tickets": [planned("one", "Say one"), planned("two", "Say two")]}


def scenario(project: Project) -> Path:
    workers = [
        turn(3, call, ticket=name, turn=number)
        for name in ("one", "two")
        for number, call in enumerate((write_file(name), finish()), 1)
    ]
    return project.scenario(
        turn(1, {"name": "submit_tracks", "input": {"tracks": TRACKS}}, text="Two tracks."),
        turn(2, {"name": "submit_tickets", "input": TICKETS}),
        *workers,
    )


def model(request: Received) -> Answer:
    """The same four tiers, from a server that speaks Anthropic's API."""
    if request.path.endswith("/count_tokens"):
        return Answer([b'{"input_tokens": 130}'], headers={"content-type": "application/json"})
    tools = {tool["name"] for tool in request.body["tools"]}
    if "submit_tracks" in tools:
        return called("submit_tracks", {"tracks": TRACKS})
    if "submit_tickets" in tools:
        return called("submit_tickets", TICKETS)
    ticket_id = json.dumps(request.body["messages"][0]).split("Ticket: ")[1].split("\\n")[0]
    call = finish() if len(request.body["messages"]) > 1 else write_file(ticket_id)
    return called(call["name"], call["input"])


def called(name: str, arguments: dict[str, Any]) -> Answer:
    tools = [("toolu_1", name, [json.dumps(arguments)])]
    return stream_answer(tools=tools, usage={"input_tokens": 130}, final_usage={"output_tokens": 20})


@pytest.fixture(params=["scripted", "anthropic"])
def options(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LaunchOptions]:
    """A project, and the models of all tiers: a scenario's, or the real SDK's against a server on this machine."""
    project = Project(tmp_path)
    settings = tmp_path / "settings.toml"
    settings.write_text('theme = "dark"\n')
    options = LaunchOptions(
        project=project.folder,
        data_dir=tmp_path / "data",
        settings_path=settings,
        provider=request.param,
        scenario=scenario(project),
        unsandboxed=True,
    )
    with LoopbackServer(model) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.base_url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", CANARY_KEY)
        yield options
        assert bool(server.received) == (request.param == "anthropic")


async def plan_by_hand(person: Person, folder: ConductorFolder) -> None:
    await person.click("tracks.first_epic")
    await person.write("epic.text", "Count, and count on.")
    await person.click("epic.accept")
    await person.click("tracks.banner.action")
    await person.click("proposal.accept")
    await person.until(lambda: len(folder.tracks()) == 2)
    await person.click("tracks.plan")
    track_id = folder.tracks()[0].id
    await person.until(lambda: len(folder.tickets(track_id)) == 2)


async def edit_by_hand(person: Person, folder: ConductorFolder) -> None:
    track_id = folder.tracks()[0].id
    person.go_to("Plan")
    source = await person.see("plan.spec.source", QPlainTextEdit)
    QTest.keyClick(source, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(source, "Up to two.")
    person.picture("planning-1-spec")
    await person.click("plan.save")
    await person.until(lambda: folder.spec(track_id) == "# Count\nUp to two.")
    await person.click("plan.show_tickets")
    tickets = await person.see("plan.tickets.list", QListView)
    await person.until(lambda: tickets.model().rowCount() == 2)
    tickets.setCurrentIndex(tickets.model().index(1, 0))
    await person.write("plan.ticket.verify", "grep -q done two.txt")
    person.picture("planning-2-ticket")
    await person.until(lambda: folder.tickets(track_id)[1].verify == "grep -q done two.txt")
    person.go_to("Graph")
    graph = await person.see("graph.view", GraphView)
    await connect(person, graph, "one", "two")
    await person.until(lambda: folder.tickets(track_id)[1].depends_on == ("one",))
    person.picture("planning-3-graph")


async def connect(person: Person, graph: GraphView, source: str, target: str) -> None:
    """Drag from the handle of one card to the other."""
    await person.until(lambda: not graph.view_rect_of(target).isEmpty())
    over = graph.view_rect_of(source).center()
    handle = graph.transform().map(handle_center(graph.rect_of(source)))
    person.drag(graph.viewport(), over, handle, graph.view_rect_of(target).center())


async def run_by_hand(person: Person) -> None:
    await person.click("tracks.run")
    words = await person.see("run.forecast.words", QLabel)
    await person.until(lambda: "2 tickets in 2 stages" in words.text())
    assert "Longest chain: one → two." in words.text()
    (await person.see("run.mode", QComboBox)).setCurrentIndex(3)
    await person.click("run.accept")
    await person.until(lambda: any(run.track_id for run in person.engine.feed.state.runs.values()))
    run = next(run for run in person.engine.feed.state.runs.values() if run.track_id)
    await person.until(lambda: run.ended)
    assert (run.status, run.reason) == ("done", "All 2 tickets are done.")
    await person.click("tracks.apply")
    await person.click("apply.accept")
    await person.until(lambda: run.applied_commit)
    await person.until(lambda: not person.find("tracks.apply"))


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_an_epic_is_planned_edited_run_and_applied_by_hand(qapp: QApplication, options: LaunchOptions) -> None:
    assert qapp.platformName() == "offscreen"
    folder = ConductorFolder(options.project)
    seen: list[Exception] = []

    async def opened(engine: Engine, window: MainWindow) -> None:
        person = Person(engine, window)
        try:
            await plan_by_hand(person, folder)
            await edit_by_hand(person, folder)
            await run_by_hand(person)
        except Exception as error:  # noqa: BLE001 — for the test to raise, after the window has been closed
            person.picture("planning-failed")
            seen.append(error)
        finally:
            await engine.registry.call(commands.APP_QUIT, shapes.Nothing())

    assert run_window(options, opened) == 0
    if seen:
        raise seen[0]
    assert git(options.project, "status", "--porcelain") == ""
    first, second = ConductorFolder(options.project).tracks()
    assert (first.title, first.status, second.title, second.status) == ("Count", "done", "Count on", "new")
    assert [ticket.depends_on for ticket in folder.tickets(first.id)] == [(), ("one",)]
    assert folder.plan(first.id).count("- [x] Task: ") == 2
    assert folder.plan(second.id) == PLAN
    root = git(options.project, "rev-list", "--max-parents=0", "HEAD")
    changed = set(git(options.project, "diff", "--name-only", root, "HEAD").splitlines())
    assert {name for name in changed if not name.startswith("conductor/")} == {"one.txt", "two.txt"}
