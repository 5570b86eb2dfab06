"""`slop-qt replay` as a process of its own: driven by what stands in its window, and without a trace."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from looking import known, value, wait
from simulation_support import WAIT_S, Application, Project, finish, ticket, turn, until, write_file

from slop_qt.automation import Client
from slop_qt.core.errors import NotPossibleError

HANG = {"kind": "hang", "after_chunks": 1}


def tree(folder: Path) -> dict[str, str]:
    """Every file below it, and what is in it."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@contextmanager
def live(project: Project, mode: str, *turns: dict[str, Any]) -> Iterator[Client]:
    """The real window on the project, its runs in that mode."""
    project.settings(mode=mode)
    scenario = project.scenario(*turns)
    arguments = (project.folder, f"--automation={project.socket}", "--scenario", scenario)
    with project.start(*arguments) as application, application.client() as client:
        yield client
        client.call("app.quit")
        assert application.result().code == 0


@contextmanager
def replaying(project: Project, *arguments: str) -> Iterator[tuple[Application, Client]]:
    """The recording in its window, quit in the end unless that has been seen to."""
    with project.start("replay", *arguments, f"--automation={project.socket}") as application:
        with application.client() as client:
            until(lambda: known(client, "replay.play"), "the strip above the recording")
            wait(client, "replay.play", "visible", True)
            yield application, client
            if application.process.poll() is None:
                client.call("app.quit")
        assert application.result().code == 0


def position(client: Client) -> int:
    return int(value(client, "replay.position", "text").split()[1].replace(",", ""))


def at(client: Client, place: int) -> None:
    until(lambda: position(client) == place, f"event {place}")


def recorded(project: Project) -> tuple[str, dict[str, Any]]:
    """A run in which all is approved over the socket, one verification fails, and Tier 4 is asked. Its last status."""
    track = project.track(ticket("T-001", verify="grep -q good T-001.txt"), ticket("T-002"), title="Walls")
    turns = (
        turn(3, write_file("T-001", "bad\n"), finish(), ticket="T-001", attempt=1, text="First try."),
        turn(4, {"name": "report_failure", "input": {"cause": "It is bad.", "advice": "Write good."}}),
        turn(3, write_file("T-001", "good\n"), finish(), ticket="T-001", attempt=2, text="Second try."),
        turn(3, write_file("T-002"), finish(), ticket="T-002", text="The other."),
    )
    with live(project, "ask", *turns) as client:
        run_id = client.call("run.start", track_id=track)["run_id"]

        def come() -> Any:
            return client.call("approvals.list")["approvals"] or client.get_mma_status()["status"] != "running"

        while (approvals := until(come, "an approval or the end of the run")) is not True:
            for approval in approvals:
                client.call("approvals.resolve", id=approval["id"], decision="approve")
        return run_id, client.get_mma_status()


def test_a_run_is_played_stepped_and_dragged_and_nothing_else_changes(project: Project) -> None:
    run_id, status = recorded(project)
    assert status["status"] == "done"
    before, refs = tree(project.home), project.git("for-each-ref")
    with replaying(project, run_id[:-1], "--speed", "100") as (_, client):
        count = value(client, "replay.slider", "maximum")
        assert (position(client), value(client, "replay.play", "toolTip")) == (0, "Play")
        assert client.get_mma_status()["status"] is None and client.call("run.list")["runs"] == []

        client.call("gui.click", name="replay.play")
        wait(client, "replay.play", "toolTip", "Play")
        at(client, count)
        assert client.get_mma_status() == status
        assert client.call("mma.status", run_id=run_id) == status

        client.call("gui.key", name="replay.slider", keys="Home")
        at(client, 0)
        stops = []
        while value(client, "replay.next_approval", "enabled"):
            client.call("gui.click", name="replay.next_approval")
            until(lambda: position(client) > (stops[-1] if stops else 0), "the next approval")
            stops.append(position(client))
            (waiting, *_) = reversed(client.call("approvals.list")["approvals"])
            assert waiting["state"] == "pending"
            with pytest.raises(NotPossibleError, match="This is a recording of run"):
                client.call("approvals.resolve", id=waiting["id"], decision="approve")
            assert not value(client, "approvals.approve", "enabled")
        asked = [event for event in events(client) if event["kind"] == "approval_requested"]
        assert len(stops) == len(asked) == 8

        client.call("gui.key", name="replay.slider", keys="Home")
        at(client, 0)
        client.call("gui.click", name="replay.next_failure")
        until(lambda: position(client) > 0, "the failure")
        failure = position(client)
        result = events(client)[: failure_index(client, "verify")][-1]
        assert (result["name"], result["ok"]) == ("verify", False)
        assert client.call("stream.read", stream_id="Tier 3: T-001")["text"] == "First try."
        client.call("gui.click", name="replay.back")
        at(client, failure - 1)
        client.call("gui.click", name="replay.step")
        at(client, failure)
        client.call("gui.set", name="replay.slider", property="value", value=count)
        at(client, count)
        assert client.get_mma_status() == status
        for method, params in {
            "run.start": {"track_id": status["track_id"]}, "run.cancel": {}, "run.apply": {}, "run.wait": {},
            "epic.plan": {"text": "More."}, "track.set_tickets": {"track_id": status["track_id"], "tickets": []},
        }.items():  # fmt: skip
            with pytest.raises(NotPossibleError, match="nothing is sent or executed"):
                client.call(method, **params)
        shown = client.call("track.show", track_id=status["track_id"])
        assert [one["status"] for one in shown["tickets"]] == ["done", "done"]
    assert project.git("for-each-ref") == refs
    assert tree(project.home) == before


def events(client: Client) -> list[dict[str, Any]]:
    """All that a subscriber gets: the whole recording, wherever it is played."""
    found = []
    for event in client.subscribe(from_seq=0, timeout_s=WAIT_S):
        found.append(event)
        if event["kind"] == "run_ended":
            client.unsubscribe()
            return found
    raise AssertionError("the recording has no end")


def failure_index(client: Client, name: str) -> int:
    found = events(client)
    return next(
        at for at, event in enumerate(found, 1)
        if event["kind"] == "tool_result" and event["name"] == name and not event["ok"]
    )  # fmt: skip


def test_it_is_quit_while_it_plays(project: Project) -> None:
    recorded(project)
    with replaying(project, "last", "--speed", "0.1") as (application, client):
        client.call("gui.click", name="replay.play")
        wait(client, "replay.play", "toolTip", "Pause")
        application.interrupt()
        assert application.result().code == 130
        application.process.returncode = 0  # as it should be: what `replaying` looks at


def test_a_run_that_is_under_way_elsewhere_is_shown_as_far_as_it_is_committed(project: Project) -> None:
    track = project.track(ticket("T-001"), title="Walls")
    with live(project, "edits", turn(3, ticket="T-001", text="I hang.", fault=HANG)) as client:
        run_id = client.call("run.start", track_id=track)["run_id"]
        until(lambda: client.get_mma_status()["mma_streams"].get("Tier 3: T-001"), "the first words")
        next(client.subscribe(["stream_text"], from_seq=0, timeout_s=WAIT_S))  # they are on disk
        client.unsubscribe()
        second = project.home / "runtime" / "second"
        with project.start("replay", f"--automation={second}") as replay:
            until(lambda: second.with_name("second.token").exists() and second.exists(), "the second socket")
            with Client(second, timeout_s=WAIT_S) as other:
                until(lambda: known(other, "replay.play"), "the strip above the recording")
                other.call("gui.key", name="replay.slider", keys="End")
                until(lambda: other.get_mma_status()["run_id"] == run_id, "the run")
                at(other, value(other, "replay.slider", "maximum"))
                assert other.get_mma_status()["status"] == "running"
                assert "has not ended" in value(other, "replay.note", "accessibleName")
                other.call("app.quit")
            assert replay.result().code == 0
        assert client.get_mma_status()["status"] == "running"
        client.call("run.cancel", run_id=run_id)


def test_where_the_project_is_gone_the_recording_is_still_there(project: Project) -> None:
    run_id, status = recorded(project)
    shutil.rmtree(project.folder)
    project.folder.mkdir()
    with replaying(project, run_id) as (_, client):
        client.call("gui.key", name="replay.slider", keys="End")
        at(client, value(client, "replay.slider", "maximum"))
        assert client.get_mma_status() == status
        (track,) = client.call("track.list")["tracks"]
        assert (track["id"], track["title"]) == (status["track_id"], "Walls")


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which two runs are recorded, and that nobody changes."""
    project = Project(tmp_path_factory.mktemp("two"))
    track = project.track(ticket("T-001"), title="Walls")
    project.scenario(turn(3, write_file("T-001"), finish(), ticket="T-001"), turn(1, text="Nothing."))
    for _ in range(2):
        project.run(track)
    return project


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nosuch",), "No recorded run begins with nosuch"),
        (("2",), "More than one recorded run begins with 2. There are: "),
        (("last", "--speed", "0"), "0 is not from 0.1 to 100."),
        (("last", "--speed", "nan"), "nan is not from 0.1 to 100."),
        (("last", "--speed", "101"), "101 is not from 0.1 to 100."),
        ((" ",), "It is blank."),
    ],
)
def test_wrong_usage_is_said_in_a_sentence(two_runs: Project, arguments: tuple[str, ...], words: str) -> None:
    result = two_runs.slop("replay", *arguments)
    assert (result.code, result.out) == (2, "")
    assert words in " ".join(result.err.split())


def test_nothing_recorded_a_damaged_and_a_newer_journal_are_said(project: Project) -> None:
    result = project.slop("replay")
    assert result.code == 2 and "No run is recorded in" in result.err
    track = project.track(ticket("T-001"), title="Walls")
    project.scenario(turn(3, write_file("T-001"), finish(), ticket="T-001"))
    project.run(track)
    (journal,) = project.data.glob("projects/*/journal.sqlite3")
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("PRAGMA user_version = 99")
    result = project.slop("replay")
    assert result.code == 3 and "is of version 99" in result.err and "newer slop_qt" in result.err
    journal.write_bytes(b"No database at all. " * 100)
    result = project.slop("replay", "2")
    assert result.code == 3 and "could not be read" in result.err
