"""Bad input on the command line, on real repositories: a sentence and an exit code each, and nothing lost."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from simulation_support import finish, processes_in, ticket, turn, write_file

from slop_qt.store.process_lock import ProcessLock


def simple(project, *tickets, **defaults):
    """A track whose workers write their files and finish."""
    tickets = tickets or (ticket("T-001"),)
    project.scenario(*(turn(3, write_file(one.id), finish(), ticket=one.id) for one in tickets), **defaults)
    return project.track(*tickets)


def integration(project, name):
    """A file as the newest run's integration branch has it."""
    branch = project.git("branch", "--list", "slop/*/integration", "--format=%(refname)").splitlines()[-1]
    return project.git("show", f"{branch}:{name}")


def test_a_folder_that_does_not_exist(project):
    result = project.slop("run", "--project", project.home / "nowhere", "--track", "a")
    assert result.code == 3
    assert f"{project.home}/nowhere does not exist. Name the folder of a git repository." in result.err


def test_a_folder_that_is_no_repository(project):
    (project.home / "plain").mkdir()
    result = project.slop("plan", "--project", project.home / "plain", "--epic", "Do it")
    assert result.code == 3
    assert "is not a git repository. Make it one: git init" in result.err


def test_a_repository_without_a_commit(project):
    empty = project.home / "empty"
    subprocess.run(["git", "init", "--quiet", str(empty)], check=True)
    result = project.slop("plan", "--project", empty, "--epic", "Do it")
    assert result.code == 3
    assert "has no commit yet. Make one: git add -A" in result.err


def test_on_a_detached_head_a_run_works_and_apply_says_why_not(project):
    track = simple(project)
    project.git("checkout", "--quiet", "--detach")
    result = project.run(track, "--apply")
    assert result.code == 1
    assert "All 1 tickets are done." in result.out
    assert "This run began on a detached head: there is no branch to apply it to." in result.err
    assert integration(project, "T-001.txt") == "done"


def test_in_a_dirty_tree_a_run_works_and_apply_names_the_files(project):
    track = simple(project)
    (project.folder / "README.md").write_text("Mine, not committed.\n")
    (project.folder / "new.txt").write_text("Mine too.\n")
    head = project.git("rev-parse", "HEAD")
    result = project.run(track, "--apply")
    assert result.code == 1
    assert "There are files with changes that are not committed: README.md, new.txt." in result.err
    assert "Commit, stash or remove them, then apply." in result.err
    assert integration(project, "T-001.txt") == "done"
    assert project.git("rev-parse", "HEAD") == head
    assert (project.folder / "README.md").read_text() == "Mine, not committed.\n"


def test_a_second_process_names_the_first_and_its_socket(project):
    track = simple(project)
    project.scenario(turn(3, finish(), fault={"kind": "hang"}))
    with project.start(*project.run_arguments(track), f"--automation={project.socket}") as first:
        with first.client():
            result = project.run(track)
        assert result.code == 3
        assert f"process {first.process.pid}, automation socket {project.socket}" in result.err
        assert first.process.poll() is None


def test_a_lock_that_a_dead_process_left_is_no_hindrance(project):
    track = simple(project)
    holder = "import sys, os; from slop_qt.store.process_lock import ProcessLock; from pathlib import Path;"
    holder += "ProcessLock(Path(sys.argv[1])).acquire(); os._exit(9)"
    assert project.slop("run", "--project", project.folder, "--track", "none").code == 3
    (lock,) = project.data.glob("projects/*/lock")
    assert subprocess.run([sys.executable, "-c", holder, str(lock)], check=False).returncode == 9
    assert json.loads(lock.read_text())["pid"]
    assert project.run(track).code == 0
    with ProcessLock(lock):
        pass


def test_a_data_directory_inside_the_project_is_refused(project):
    track = simple(project)
    result = project.run(track, "--data-dir", project.folder / "data")
    assert result.code == 3
    assert f"The data directory {project.folder}/data lies in the project" in result.err
    assert not (project.folder / "data").exists()


def test_a_scenario_with_mistakes_is_named_before_anything_is_sent(project):
    track = simple(project)
    scenario = project.home / "scenario.toml"
    scenario.write_text('[[turn]]\ntier = 7\ntext = "x"\n')
    result = project.run(track)
    assert result.code == 3
    assert str(scenario) in result.err and "tier" in result.err
    assert project.git("branch", "--list", "slop/*") == ""


def test_a_scenario_that_is_missing(project):
    track = simple(project)
    (project.home / "scenario.toml").unlink()
    result = project.run(track)
    assert result.code == 3
    assert f"{project.home}/scenario.toml" in result.err


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"T-001": ["T-002"], "T-002": ["T-001"]}, "The tickets depend on each other in a circle: "),
        ({"T-001": ["T-009"]}, "Ticket T-001 depends on T-009, which is not a ticket of this track."),
    ],
)
def test_a_ticket_graph_written_by_hand_that_does_not_hold(project, changes, words):
    track = simple(project, ticket("T-001"), ticket("T-002"))
    path = project.folder / "conductor" / "tracks" / track / "tickets.json"
    content = json.loads(path.read_text())
    for one in content["tickets"]:
        one["depends_on"] = changes.get(one["id"], [])
    path.write_text(json.dumps(content))
    result = project.run(track)
    assert result.code == 1
    assert words in result.err


def test_a_tickets_file_that_is_no_json(project):
    track = simple(project)
    (project.folder / "conductor" / "tracks" / track / "tickets.json").write_text('{"version": 1, "tick')
    result = project.run(track)
    assert result.code == 1
    assert f"{track}/tickets.json cannot be used" in result.err


def test_a_ticket_graph_of_the_model_that_does_not_hold_is_told_back_to_it(project):
    circle = [
        {"id": "A", "title": "a", "brief": "Do it.", "files": [], "depends_on": ["B"]},
        {"id": "B", "title": "b", "brief": "Do it.", "files": [], "depends_on": ["A"]},
    ]
    unknown = [{**circle[0], "depends_on": ["Z"]}]
    good = [{**circle[0], "depends_on": []}]
    drafts = [{"title": "Cut it", "spec": "# S\n", "plan": "## Phase 1: Cut\n"}]
    project.scenario(
        turn(1, {"name": "submit_tracks", "input": {"tracks": drafts}}),
        *(
            turn(2, {"name": "submit_tickets", "input": {"tickets": tickets}}, turn=number)
            for number, tickets in enumerate((circle, unknown, good), 1)
        ),
    )
    scenario = project.home / "scenario.toml"
    result = project.slop("plan", "--project", project.folder, "--epic", "Do it", "--scenario", scenario)
    assert result.code == 0, result.err
    (track,) = project.tracks
    assert f"Track {track}: Cut it\n    A a\n" in result.out

    project.scenario(
        turn(1, {"name": "submit_tracks", "input": {"tracks": [{**drafts[0], "title": "Cut it again"}]}}),
        turn(2, {"name": "submit_tickets", "input": {"tickets": circle}}),
    )
    result = project.slop("plan", "--project", project.folder, "--epic", "Do it", "--scenario", scenario)
    assert result.code == 1
    assert "Tier 2 gave no answer that can be used" in result.err and "in a circle: A → B → A" in result.err
    kept = re.search(r"What it gave is kept in (\S+\.json)", result.err)
    assert kept is not None, result.err
    assert json.loads(Path(kept[1]).read_text()) == {"tickets": circle}
    assert not Path(kept[1]).is_relative_to(project.folder)


def test_verify_commands_that_fail_in_every_way_block_their_ticket_and_no_other(project):
    project.settings(limits={"attempts": 1, "verify_timeout_s": 3, "workers": 8})
    track = simple(
        project,
        ticket("missing", verify="no-such-program --now"),
        ticket("hangs", verify="sleep 1000 & sleep 1000"),
        ticket("floods", verify="yes 0123456789012345678901234567890123456789 | head -c 10000000; exit 3"),
        ticket("fine", verify="test -f fine.txt"),
        ticket("later", depends_on=("hangs",)),
    )
    result = project.run(track)
    assert result.code == 1
    assert "`no-such-program --now` could not be started: the program was not found (exit 127)." in result.out
    assert "`sleep 1000 & sleep 1000` was stopped after 3 s." in result.out
    assert "`yes 0123456789012345678901234567890123456789 | head -c 10000000; exit 3` ended with exit" in result.out
    assert "later blocked: It needs hangs, which is blocked." in result.out
    assert "fine done" in result.out
    assert integration(project, "fine.txt") == "done"
    assert processes_in(project.home) == []


def test_a_verify_command_that_prints_100_megabytes_and_succeeds_is_kept_in_part(project):
    simple_track = simple(project, ticket("T-001", verify="yes | head -c 100000000"))
    result = project.run(simple_track, "--json")
    assert result.code == 0
    (kept,) = [event for event in result.events if event["kind"] == "tool_result" and event["name"] == "verify"]
    assert kept["ok"] and len(kept["output"]) < 2 << 20
    assert "bytes of output left out" in kept["output"]


def test_a_model_that_cannot_work_is_told_and_then_given_up(project):
    project.settings(limits={"attempts": 1, "repairs": 1})
    unknown = {"name": "fly_to_the_moon", "input": {}}
    project.scenario(
        turn(3, ticket="talks", text="I have finished, believe me."),
        turn(3, unknown, ticket="flies"),
        turn(3, finish(), ticket="breaks", fault={"kind": "bad_json", "times": 9}),
        turn(3, unknown, ticket="learns", turn=1),
        turn(3, finish(), ticket="mends", turn=1, fault={"kind": "bad_json"}),
        turn(3, write_file("mends"), finish(), ticket="mends", turn=2),
        turn(3, write_file("learns"), finish(), ticket="learns", turn=2),
    )
    names = ("talks", "flies", "breaks", "mends", "learns")
    result = project.run(project.track(*(ticket(name) for name in names)), "--json")
    assert result.code == 1
    ends = {e["ticket_id"]: (e["status"], e["reason"]) for e in result.events if e["kind"] == "ticket_changed"}
    assert {name: ends[name][0] for name in names} == {
        "talks": "blocked",
        "flies": "blocked",
        "breaks": "blocked",
        "mends": "done",
        "learns": "done",
    }
    assert "You ended your turn without a tool call." in ends["talks"][1]
    assert "fly_to_the_moon" in ends["flies"][1]
    assert "JSON" in ends["breaks"][1]
    text = "".join(e["text"] for e in result.events if e["kind"] == "stream_text")
    assert text == "I have finished, believe me." * 2, "what it said is kept, every time"


def test_mode_auto_without_a_sandbox_is_refused_before_a_token_is_paid_for(project):
    project.scenario(turn(1, text="Never asked."))
    scripted = ("--scenario", project.home / "scenario.toml", "--mode", "auto")
    result = project.slop("run", "--project", project.folder, "--epic", "Do it", *scripted)
    assert result.code == 3
    assert "Mode auto runs commands without asking, and there is no sandbox to run them in." in result.err
    assert "--unsandboxed" in result.err
    assert "Tier 1" not in result.out


def test_mode_auto_unsandboxed_runs_commands(project):
    command = {"name": "run_command", "input": {"command": "printf %s made > T-001.txt"}}
    project.scenario(turn(3, command, finish()))
    result = project.run(project.track(ticket("T-001", verify="grep made T-001.txt")), "--apply")
    assert result.code == 0, result.err
    assert (project.folder / "T-001.txt").read_text() == "made"
