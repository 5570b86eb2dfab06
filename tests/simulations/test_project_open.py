"""Two projects one after the other in one process: driven by one client, refused in time, and nothing left behind."""

import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from simulation_support import WAIT_S, Project, approve_by_clicks, finish, ticket, turn, until, write_file

from slop_qt.automation import Client
from slop_qt.automation.protocol import ConnectionLostError
from slop_qt.core.errors import ConflictError, InvalidInputError, NotFoundError, NotPossibleError, SlopError
from slop_qt.core.events import EVENT_KINDS
from slop_qt.store.journal import Journal
from slop_qt.store.paths import ProjectPaths
from slop_qt.store.process_lock import ProcessLock

SWITCHES = 12


class Another(Project):
    """One more project of the person who has the first."""

    def __init__(self, first: Project, name: str, title: str = "", ticket_id: str = "") -> None:
        self.name = name
        home = first.home / "others" / name
        home.mkdir(parents=True)
        super().__init__(home)
        self.paths = ProjectPaths.of(first.data, self.folder)
        if title:
            self.track(ticket(ticket_id), title=title)

    @property
    def folder(self) -> Path:
        return self.home / self.name

    @property
    def kinds(self) -> list[str]:
        """The kinds of its journal's events."""
        return [event.kind for event in Journal(self.paths.journal).read()]

    @property
    def branches(self) -> set[str]:
        """The runs that have branches here."""
        names = self.git("for-each-ref", "--format=%(refname:short)", "refs/heads/slop").split()
        return {name.split("/")[1] for name in names}


class Gate:
    """In front of the application's git: while it is shut, whoever asks git waits."""

    def __init__(self, project: Project) -> None:
        self._fifo = project.home / "gate"
        programs = project.home / "programs"
        programs.mkdir()
        git = programs / "git"
        git.write_text(f'#!/bin/sh\n[ -p "{self._fifo}" ] && read -r _ < "{self._fifo}"\nPATH=$REST exec git "$@"\n')
        git.write_text(git.read_text().replace("$REST", f'"{project.environment["PATH"]}"'))
        git.chmod(git.stat().st_mode | stat.S_IXUSR)
        project.environment["PATH"] = f"{programs}:{project.environment['PATH']}"

    @contextmanager
    def shut(self, begin: Callable[[], object]) -> Iterator[None]:
        """Shut from before `begin`; goes on when somebody waits before it."""
        os.mkfifo(self._fifo)
        begin()
        waiting = until(self._knock, "somebody at the gate")
        try:
            yield
        finally:
            self._fifo.unlink()
            os.write(waiting, b"\n")
            os.close(waiting)

    def _knock(self) -> int | None:
        try:
            return os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return None  # nobody waits for what could be written


class Cockpit:
    """The application on a project, and more projects for it."""

    def __init__(self, home: Project) -> None:
        self.pid = 0
        self.home = home
        self.gate = Gate(home)
        hanging = turn(1, fault={"kind": "hang", "after_chunks": 1}, thinking=".")
        turns = [turn(3, write_file(name), finish(), ticket=name) for name in ("A-001", "B-001")]
        self._numbers = iter(range(1000))
        self.arguments = (
            f"--automation={home.socket}",
            *("--scenario", home.scenario(*turns, hanging), "--unsandboxed"),
        )

    def another(self, title: str = "", ticket_id: str = "") -> Another:
        """A new project."""
        return Another(self.home, f"p{next(self._numbers)}", title, ticket_id)

    @contextmanager
    def running(self) -> Iterator[tuple[Any, Client]]:
        """The process, and a client of it, as soon as its window can be used."""
        with self.home.start(self.home.folder, *self.arguments) as process, process.client() as client:
            self.pid = process.process.pid
            until(lambda: stands(client), "the window")
            yield process, client


@pytest.fixture(scope="module")
def cockpit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cockpit]:
    """One process for all of these tests: that is what they are about."""
    cockpit = Cockpit(Project(tmp_path_factory.mktemp("open")))
    with cockpit.running() as (process, client):
        client.close()
        yield cockpit
        with Client(cockpit.home.socket, timeout_s=WAIT_S) as last:
            last.call("app.quit")
        assert process.result().code == 0


@pytest.fixture
def client(cockpit: Cockpit) -> Iterator[Client]:
    with Client(cockpit.home.socket, timeout_s=WAIT_S) as client:
        yield client


def stands(client: Client) -> bool:
    """Whether the first project's window can be used."""
    try:
        return value(client, "window", "visible") is True
    except (NotFoundError, NotPossibleError):
        return False


def value(client: Client, name: str, what: str) -> Any:
    return client.call("gui.get", name=name, property=what)["value"]


def wait(client: Client, name: str, what: str, equals: Any) -> None:
    client.call("gui.wait", name=name, property=what, equals=equals, timeout_s=60)


def show(client: Client, project: Project) -> None:
    assert client.call("project.open", path=str(project.folder)) == {"project": str(project.folder.resolve())}


def start_by_clicks(client: Client, track: str) -> str:
    """Start the track in the mode that is offered, which is ask. Returns the run's id."""
    runs = len(client.call("run.list")["runs"])
    client.call("gui.select", name="tracks.tree", text=track)
    client.call("gui.click", name="tracks.run")
    wait(client, "run.accept", "visible", True)
    client.call("gui.click", name="run.accept")
    until(lambda: len(client.call("run.list")["runs"]) > runs, "the run")
    return str(client.get_mma_status()["run_id"])


def run_by_clicks(client: Client, track: str) -> str:
    """Run the track to its end, all its approvals given with the button."""
    run_id = start_by_clicks(client, track)
    status = approve_by_clicks(client, run_id)
    assert (status["status"], status["mode"]) == ("done", "ask")
    return run_id


def seen(client: Client) -> dict[str, Any]:
    """All that tells one project from another."""
    return {
        "project": client.call("app.info")["project"],
        "title": [each["text"] for each in client.call("gui.tree")["widgets"] if each["name"] == "window"],
        "tracks": [track["title"] for track in client.call("track.list")["tracks"]],
        "runs": [run["run_id"] for run in client.call("run.list")["runs"]],
        "newest": client.get_mma_status()["run_id"],
        "approvals": client.call("approvals.list")["approvals"],
    }


def as_seen(project: Another, track: str, *runs: str) -> dict[str, Any]:
    return {
        "project": str(project.folder.resolve()),
        "title": [f"slop_qt — {project.folder.name}"],
        "tracks": [track],
        "runs": list(runs),
        "newest": runs[0] if runs else None,
        "approvals": [],
    }


def test_two_projects_are_worked_one_after_the_other_and_back_by_one_client(cockpit: Cockpit, client: Client) -> None:
    walls, roofs = cockpit.another("Walls", "A-001"), cockpit.another("Roofs", "B-001")
    show(client, walls)
    first = run_by_clicks(client, "Walls")
    assert seen(client) == as_seen(walls, "Walls", first)
    show(client, roofs)
    assert seen(client) == as_seen(roofs, "Roofs")
    second = run_by_clicks(client, "Roofs")
    assert seen(client) == as_seen(roofs, "Roofs", second)
    client.call("run.apply")
    show(client, walls)
    assert seen(client) == as_seen(walls, "Walls", first)
    assert (walls.branches, roofs.branches) == ({first}, {second})
    assert (roofs.folder / "B-001.txt").exists() and not (walls.folder / "B-001.txt").exists()
    for project, run_id in ((walls, first), (roofs, second)):
        events = list(Journal(project.paths.journal).read())
        assert {event.run_id for event in events} == {run_id}
        assert project.kinds.count("run_started") == project.kinds.count("run_ended") == 1
        assert project.git("worktree", "list").count("\n") == 0
    assert ("applied" in roofs.kinds, "applied" in walls.kinds) == (True, False)


def test_unsaved_edits_and_the_window_s_place_are_there_again_after_coming_back(
    cockpit: Cockpit, client: Client
) -> None:
    walls, roofs = cockpit.another("Walls", "A-001"), cockpit.another("Roofs", "B-001")
    show(client, walls)
    client.call("gui.select", name="tracks.tree", text="Walls")
    client.call("gui.select", name="docks.tabs.graph", text="Plan")
    wait(client, "plan.spec.source", "visible", True)
    client.call("gui.type", name="plan.spec.source", text="Mine. ")
    place, tab = value(client, "window", "geometry"), value(client, "docks.tabs.graph", "value")
    show(client, roofs)
    assert value(client, "window", "geometry") == place
    assert list(walls.paths.drafts.glob("*.json")) and not list(roofs.paths.drafts.glob("*.json"))
    spec = next(walls.folder.glob("conductor/tracks/*/spec.md"))
    assert "Mine." not in spec.read_text()
    show(client, walls)
    assert tab.startswith("Plan")
    client.call("gui.select", name="tracks.tree", text="Walls")
    until(lambda: value(client, "plan.spec.source", "text").startswith("Mine. # Spec"), "the draft")


def test_others_have_everything_that_was_committed_and_are_sent_away(cockpit: Cockpit, client: Client) -> None:
    walls, roofs = cockpit.another("Walls", "A-001"), cockpit.another("Roofs", "B-001")
    show(client, walls)
    with (
        Client(cockpit.home.socket, timeout_s=WAIT_S) as reader,
        Client(cockpit.home.socket, timeout_s=WAIT_S) as waiter,
    ):
        events = reader.subscribe(from_seq=0, timeout_s=WAIT_S)
        mine = client.subscribe(["run_ended"])
        waiting = waiter.send("gui.wait", {"name": "nothing", "property": "text", "equals": "x"})
        beside = client.send("gui.wait", {"name": "nothing", "property": "text", "equals": "x"})
        run_id = run_by_clicks(client, "Walls")
        assert next(mine)["run_id"] == run_id
        show(client, roofs)
        told = [event["seq"] for event in events]  # to the end of the connection
        with pytest.raises(ConnectionLostError):
            waiter.receive(waiting)
    with pytest.raises(NotPossibleError, match=r"gui\.wait was ended: another project is being opened"):
        client.receive(beside)
    assert told == [event.seq for event in Journal(walls.paths.journal).read() if event.kind in EVENT_KINDS]
    with Client(cockpit.home.socket, timeout_s=WAIT_S) as again:
        assert again.info["project"] == str(roofs.folder.resolve())
    ended = client.subscribe(["run_ended"], from_seq=0, timeout_s=WAIT_S)
    second = run_by_clicks(client, "Roofs")
    assert next(ended)["run_id"] == second


def test_what_cannot_be_opened_is_refused_before_anything_is_closed(cockpit: Cockpit, client: Client) -> None:
    walls, roofs = cockpit.another("Walls", "A-001"), cockpit.another("Roofs", "B-001")
    show(client, walls)
    empty, bare, inside, file = (cockpit.home.home / f"{walls.name}-{what}" for what in ("e", "b", "i", "f"))
    empty.mkdir()
    file.write_text("no folder")
    walls.git("init", "--quiet", str(inside), folder=walls.home)
    walls.git("init", "--quiet", "--bare", str(bare), folder=walls.home)
    refusals: list[tuple[object, type[SlopError], str]] = [
        ("roofs", InvalidInputError, "roofs is not an absolute path."),
        ("", InvalidInputError, "is not an absolute path."),
        ("/a\0b", NotFoundError, "cannot be opened"),
        ("/" + "a" * 5000, NotFoundError, "cannot be opened"),
        ("~nobody-of-that-name/p", NotFoundError, "cannot be opened"),
        (empty / "nothing", NotFoundError, "does not exist."),
        (file, NotFoundError, "is not a folder."),
        (empty, NotPossibleError, "is not a git repository."),
        (bare, NotPossibleError, "is a bare git repository"),
        (inside, NotPossibleError, "has no commit yet."),
        (roofs.folder / "conductor", NotPossibleError, "lies inside the git repository"),
    ]
    for path, kind, words in refusals:
        with pytest.raises(kind, match=words):
            client.call("project.open", path=str(path))
    with ProcessLock(ProjectPaths.create(cockpit.home.data, roofs.folder).lock) as lock:
        lock.set_socket(Path("/elsewhere.sock"))
        held = f"already works on this project: process {os.getpid()}, automation socket /elsewhere.sock"
        with pytest.raises(ConflictError, match=held):
            client.call("project.open", path=str(roofs.folder))
    assert seen(client) == as_seen(walls, "Walls")


def test_a_project_whose_journal_is_corrupt_leaves_the_one_that_is_open(cockpit: Cockpit, client: Client) -> None:
    walls, roofs = cockpit.another("Walls", "A-001"), cockpit.another("Roofs", "B-001")
    show(client, walls)
    journal = ProjectPaths.create(cockpit.home.data, roofs.folder).journal
    journal.write_bytes(b"no database" * 1000)
    with pytest.raises(NotPossibleError, match=str(journal)):
        client.call("project.open", path=str(roofs.folder))
    first = run_by_clicks(client, "Walls")
    assert seen(client) == as_seen(walls, "Walls", first)
    journal.unlink()
    show(client, roofs)  # nobody holds it


def test_while_something_is_under_way_it_is_named_and_goes_on(cockpit: Cockpit, client: Client) -> None:
    walls, roofs = cockpit.another("Walls", "A-001"), cockpit.another("Roofs", "B-001")
    show(client, walls)
    run_id = start_by_clicks(client, "Walls")
    with pytest.raises(NotPossibleError, match=f"{roofs.folder} was not opened: run {run_id} is under way"):
        client.call("project.open", path=str(roofs.folder))
    show(client, walls)  # which is open: nothing is done
    client.call("run.pause")
    with pytest.raises(NotPossibleError, match=f"run {run_id} is under way"):
        client.call("project.open", path=str(roofs.folder))
    assert client.call("run.cancel")["status"] == "cancelled"
    planning = client.send("epic.plan", {"text": "Hang"})
    until(lambda: client.get_mma_status()["status"] == "planning", "the planning")
    planning_id = client.get_mma_status()["run_id"]
    with pytest.raises(NotPossibleError, match=f"the planning {planning_id} is under way"):
        client.call("project.open", path=str(roofs.folder))
    client.call("run.cancel")
    with pytest.raises(NotPossibleError, match="cancelled"):
        client.receive(planning)
    show(client, roofs)


def test_one_project_is_opened_at_a_time_also_when_who_asked_has_gone(cockpit: Cockpit, client: Client) -> None:
    walls, roofs = cockpit.another("Walls", "A-001"), cockpit.another("Roofs", "B-001")
    show(client, walls)
    other = Client(cockpit.home.socket, timeout_s=WAIT_S)
    with cockpit.gate.shut(lambda: other.send("project.open", {"path": str(roofs.folder)})):
        for path in (roofs.folder, walls.folder):
            with pytest.raises(ConflictError, match="Another project is being opened already"):
                client.call("project.open", path=str(path))
        assert seen(client) == as_seen(walls, "Walls")  # it goes on meanwhile
        other.close()
        events = client.subscribe(timeout_s=WAIT_S)
    assert list(events) == []  # to the end of the connection
    with Client(cockpit.home.socket, timeout_s=WAIT_S) as again:
        assert seen(again) == as_seen(roofs, "Roofs")


def test_twelve_changes_leave_no_thread_file_or_window_behind(cockpit: Cockpit, client: Client) -> None:
    walls, roofs = cockpit.another("Walls", "A-001"), cockpit.another("Roofs", "B-001")
    before: list[int] = []

    def left() -> list[int]:
        process = Path(f"/proc/{cockpit.pid}")
        threads, files = (len(list((process / each).iterdir())) for each in ("task", "fd"))
        return [threads, files, len(client.call("gui.tree")["widgets"])]

    for number in range(SWITCHES + 2):
        show(client, (walls, roofs)[number % 2])
        before = before or left()
    # A project has as many helpers, with their files, as it happens to need at once: four at most.
    assert all(now - then < SWITCHES / 2 for now, then in zip(left(), before, strict=True)), (left(), before)
    assert seen(client) == as_seen(roofs, "Roofs")


@pytest.mark.parametrize("way", ["app.quit", "SIGINT"])
def test_the_application_can_be_ended_while_a_project_is_being_opened(way: str, project: Project) -> None:
    cockpit = Cockpit(project)
    roofs = cockpit.another("Roofs", "B-001")
    with cockpit.running() as (process, client):
        opening = 0

        def begin() -> None:
            nonlocal opening
            opening = client.send("project.open", {"path": str(roofs.folder)})

        with cockpit.gate.shut(begin):
            if way == "SIGINT":
                process.interrupt(signal.SIGINT)
                with Client(project.socket, timeout_s=WAIT_S) as other:  # which is answered: it has not ended yet
                    assert other.info["project"] == str(project.folder.resolve())
            else:
                client.call("app.quit")
        with pytest.raises(NotPossibleError, match="the application is quitting"):
            client.receive(opening)
        assert process.result().code == (130 if way == "SIGINT" else 0)
    assert not project.socket.exists()
    for root in (project.folder, roofs.folder):
        with ProcessLock(ProjectPaths.create(project.data, root).lock):
            pass
