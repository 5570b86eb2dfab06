"""`run` and `plan` on the command line: what they print, how they end, and what they leave in the repository."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from simulation_support import finish, processes_in, ticket, turn, until, write_file

from slop_qt.core.events import EVENT_KINDS, parse_event

# 3-automation.md: what each kind has beside seq, time, kind and run_id.
FIELDS = {
    "run_started": {"track_id", "mode", "workers", "budget_usd"},
    "run_ended": {"status", "reason"},
    "context": {"stream_id", "report"},
    "ticket_changed": {"ticket_id", "status", "reason", "attempt"},
    "worker_started": {"stream_id", "tier", "ticket_id", "attempt", "provider", "model"},
    "worker_ended": {"stream_id", "outcome", "error"},
    "stream_text": {"stream_id", "text"},
    "thinking": {"stream_id", "text"},
    "tool_call": {"stream_id", "call_id", "name", "arguments"},
    "tool_result": {"stream_id", "call_id", "name", "ok", "output"},
    "approval_requested": {"approval"},
    "approval_resolved": {"approval"},
    "usage": {"stream_id", "tier", "ticket_id", "model", "usage"},
    "retry": {"stream_id", "reason", "wait_s", "attempt"},
    "merged": {"ticket_id", "commit"},
    "applied": {"commit"},
    "fault": {"where", "message", "hint"},
}


def two_tracks(project) -> list[dict[str, Any]]:
    """An epic of two tracks; the second's ticket needs the file that the first's made."""
    drafts = [{"title": name, "spec": "# S\n", "plan": f"# P\n\n- [ ] Task: {name} it\n"} for name in ("One", "Two")]
    planned = {"title": "t", "brief": "b", "depends_on": []}
    one = {**planned, "id": "A", "files": ["A.txt"], "plan_tasks": ["One it"]}
    two = {**planned, "id": "B", "files": ["B.txt"], "plan_tasks": ["Two it"], "verify": "cat A.txt B.txt"}
    return [
        turn(1, {"name": "submit_tracks", "input": {"tracks": drafts}}),
        turn(2, {"name": "submit_tickets", "input": {"tickets": [one]}}, track="One"),
        turn(2, {"name": "submit_tickets", "input": {"tickets": [two]}}, track="Two"),
        turn(3, write_file("A"), finish(), ticket="A"),
        turn(3, write_file("B"), finish(), ticket="B"),
    ]


def epic(project, *arguments):
    scenario = project.scenario(*two_tracks(project))
    named = ("--project", project.folder, "--epic", "Do it", "--scenario", scenario, "--mode", "auto", "--unsandboxed")
    return project.slop("run", *named, *arguments)


def test_json_prints_the_committed_public_events_and_nothing_else(project):
    project.settings(limits={"attempts": 2})
    scenario = project.scenario(
        turn(
            3, ticket="T-001", turn=1, thinking="Well.", text="Half a ", fault={"kind": "overloaded", "after_chunks": 3}
        ),
        turn(3, write_file("T-001"), finish(), ticket="T-001", turn=2),
        turn(3, finish(), ticket="T-002", fault={"kind": "auth"}),
    )
    result = project.run(project.track(ticket("T-001"), ticket("T-002")), "--json", "--apply")
    assert scenario.exists() and result.code == 1
    events = result.events
    for line, event in zip(result.out.splitlines(), events, strict=True):
        assert parse_event(line).seq == event["seq"]
        assert set(event) == {"seq", "time", "kind", "run_id"} | FIELDS[event["kind"]]
        assert event["time"].endswith("Z") and event["kind"] in EVENT_KINDS
    seqs = [event["seq"] for event in events]
    assert seqs == sorted(set(seqs))
    assert events[0]["kind"] == "run_started"
    assert (events[-1]["kind"], events[-1]["status"]) == ("run_ended", "blocked")
    kinds = {event["kind"] for event in events}
    assert kinds >= {"ticket_changed", "worker_started", "worker_ended", "thinking", "stream_text", "retry", "usage"}
    assert kinds >= {"tool_call", "tool_result", "approval_resolved", "merged", "fault"}


def test_one_refusal_slows_the_other_workers_down_and_they_say_so(project):
    looks = [{"name": "list_directory", "input": {"depth": 1 + number % 2}} for number in range(10)]
    project.scenario(
        turn(3, finish(), ticket="T-001", fault={"kind": "rate_limit", "retry_after_s": 0.7}),
        *(
            turn(3, look, ticket="T-002", turn=number, text="ab", fault={"kind": "slow"})
            for number, look in enumerate(looks, 1)
        ),
        turn(3, write_file("T-002"), finish(), ticket="T-002"),
    )
    result = project.run(project.track(ticket("T-001"), ticket("T-002")), "--workers", "2")
    assert result.code == 0, result.out
    told = "The provider refused the request: too many of them (429), as the scenario says."
    assert f"~ Tier 3: T-001: {told} Sending again in 0.7 s (send 2)." in result.out
    [wait] = [line for line in result.out.splitlines() if "~ Tier 3: T-002" in line]
    assert f"{told} Requests to scripted take turns. Sending " in wait and "again" not in wait


def test_json_of_a_second_run_has_nothing_of_the_first(project):
    project.scenario(turn(3, write_file("T-001"), finish()))
    track = project.track(ticket("T-001"))
    first, second = project.run(track, "--json"), project.run(track, "--json", "--apply")
    assert (first.code, second.code) == (0, 0)
    assert len({event["run_id"] for event in second.events}) == 1
    assert second.events[0]["seq"] > first.events[-1]["seq"]
    assert second.events[-1]["kind"] == "applied"
    assert second.events[-1]["commit"] in project.git("log", "--format=%H").splitlines()


def test_progress_for_people_says_everything_once(project):
    project.scenario(
        turn(3, write_file("T-001"), finish(), ticket="T-001"),
        turn(3, write_file("T-002"), finish(), ticket="T-002"),
    )
    track = project.track(ticket("T-001"), ticket("T-002", depends_on=("T-001",)), title="Two of them")
    result = project.run(track, "--apply", fresh=True)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    told = [line for line in lines if line.strip()]
    assert len(told) == len(set(told)), "no line twice"
    assert lines[0] == "Expected: 2 tickets, up to 1 at once, at least 2 in a row; tokens and cost not known."
    assert ": Two of them. 2 tickets, up to 4 workers, mode auto." in lines[1]
    assert [line.split(" ", 1)[1].strip() for line in lines if "T-001" in line and line[0].isdigit()][
        -1
    ] == "✓ T-001 done"
    assert any(line.endswith("done: All 2 tickets are done.") for line in lines)
    assert "  ✓ T-001 Do T-001" in lines and "  ✓ T-002 Do T-002" in lines
    assert "2 files changed, lines: 2 added, 0 removed." in lines
    assert lines[-1] == f"Applied to main as {project.git('log', '--merges', '--first-parent', '--format=%H')}."


def test_a_second_run_expects_what_the_first_came_to(project):
    project.scenario(turn(3, write_file("T-001"), finish(), usage={"input_tokens": 5000, "output_tokens": 40}))
    track = project.track(ticket("T-001"))
    assert project.run(track).code == 0
    assert "; 5,000 tokens (790 to 32,000); cost not known.\n" in project.run(track).out
    assert "Expected" not in project.run(track, "--json").out


def test_a_plan_is_followed_by_what_its_run_would_look_like(project):
    scenario = project.scenario(*two_tracks(project))
    done = project.slop("plan", "--project", project.folder, "--epic", "Do it", "--scenario", scenario)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    at = lines.index("    Order         A")
    assert lines[at - 2].strip() == "A t" and lines[at - 3].startswith("Track ")
    assert [line[4:18].strip() for line in lines[at : at + 6]] == [
        "Order",
        "At once",
        "Critical path",
        "Tokens",
        "Cost",
        "Basis",
    ]
    assert "    Order         B" in lines


def test_titles_of_a_model_are_shown_and_not_obeyed(project):
    project.scenario(turn(3, finish()))
    result = project.run(project.track(ticket("T-001", title="Red \x1b[31m\u202ebidi\nsecond line")))
    assert "Red ␛[31m⟨U+202E⟩bidi second line" in result.out
    assert "\x1b" not in result.out and "\u202e" not in result.out


def test_a_terminal_of_another_encoding_is_no_reason_to_fail(project):
    project.scenario(turn(3, finish()))
    project.environment["PYTHONIOENCODING"] = "ascii"
    result = project.run(project.track(ticket("T-001", title="Café ✓")))
    assert result.code == 0
    assert "Caf\\xe9 \\u2713" in result.out


def test_a_run_that_changes_nothing_is_done_and_has_nothing_to_apply(project):
    project.scenario(turn(3, finish()))
    result = project.run(project.track(ticket("T-001")), "--apply")
    assert (result.code, result.err) == (0, "")
    assert "Nothing changed." in result.out


def test_an_epic_without_apply_starts_each_track_from_the_integration_branch_before_it(project):
    head = project.git("rev-parse", "HEAD")
    result = epic(project)
    assert result.code == 0, result.err
    assert project.git("rev-parse", "HEAD") == head
    first, second = project.git("branch", "--list", "slop/*/integration", "--format=%(refname)").splitlines()
    ranked = (first, second) if project.git("ls-tree", "--name-only", second, "B.txt") else (second, first)
    assert project.git("merge-base", *ranked) == project.git("rev-parse", ranked[0])
    assert project.git("ls-tree", "--name-only", ranked[1]).splitlines() == ["A.txt", "B.txt", "README.md"]
    assert result.out.count("Not applied: the work is on the branch slop/") == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_runs_that_stand_on_each_other_can_be_applied_in_any_order(project, order):
    assert epic(project).code == 0
    scenario = project.scenario(turn(1, fault={"kind": "hang"}))
    staying = ("--project", project.folder, "--epic", "Stay", "--scenario", scenario)
    with (
        project.start("plan", *staying, f"--automation={project.socket}") as application,
        application.client() as client,
    ):
        runs = [run for run in client.call("run.list")["runs"] if run["track_id"]][::-1]
        for number in order:
            client.call("run.apply", run_id=runs[number]["run_id"])
        client.call("app.quit")
        assert application.result().code == 0
    assert (project.folder / "A.txt").exists() and (project.folder / "B.txt").exists()
    assert project.git("status", "--porcelain") == ""
    assert (project.folder / "conductor" / "tracks.md").read_text().count("- [x] **Track:") == 2


def test_an_epic_with_apply_applies_each_track_before_the_next_starts(project):
    result = epic(project, "--apply", "--json")
    assert result.code == 0, result.err
    steps = [event["kind"] for event in result.events if event["kind"] in {"run_started", "applied"}]
    assert steps == ["run_started", "run_started", "run_started", "applied", "run_started", "run_started", "applied"]
    assert project.git("status", "--porcelain") == ""
    assert (project.folder / "A.txt").exists() and (project.folder / "B.txt").exists()
    plans = [project.folder / "conductor" / "tracks" / track / "plan.md" for track in project.tracks]
    assert all("- [x] Task:" in plan.read_text() for plan in plans)


def test_the_second_track_is_not_begun_when_the_first_did_not_reach_its_goal(project):
    turns = two_tracks(project)
    turns[3] = turn(3, ticket="A", fault={"kind": "auth"})
    scenario = project.scenario(*turns)
    named = ("--project", project.folder, "--epic", "Do it", "--scenario", scenario, "--mode", "auto", "--unsandboxed")
    result = project.slop("run", *named)
    assert result.code == 1
    assert "A blocked: The provider refused the key (401)" in result.out
    assert "Track two" not in result.out


def test_an_unknown_track_is_wrong_usage_and_says_which_there_are(project):
    project.scenario(turn(3, finish()))
    track = project.track(ticket("T-001"))
    result = project.run("nothing")
    assert result.code == 2
    assert f"There is no track nothing. Tracks: {track}." in result.err


def test_what_waits_where_nobody_is_there_ends_the_run_and_says_what_would_have_let_it_pass(project):
    project.scenario(
        turn(3, {"name": "run_command", "input": {"command": ["echo", "it's me"]}}, ticket="runs"),
        turn(3, {"name": "write_file", "input": {"path": "other.txt", "content": "x"}}, ticket="strays"),
        turn(3, {"name": "ask_user", "input": {"question": "May I?"}}, ticket="asks"),
        turn(3, write_file("merges"), finish(), ticket="merges"),
    )
    tracks = {name: project.track(ticket(name), title=name) for name in ("runs", "strays", "asks", "merges")}

    spawn = project.run(tracks["runs"], mode="ask")
    assert spawn.code == 3
    assert "nobody can be asked here: Start a worker on runs" in spawn.err
    assert '--mode edits or rules = [{action = "allow", kind = "spawn"}] in your settings' in spawn.err
    assert spawn.err.count("\n") == 1

    command = project.run(tracks["runs"], mode="edits")
    assert command.code == 3
    assert "--mode auto with --unsandboxed or rules = [" in command.err
    rule = command.err.split("rules = [")[1].split("]")[0]
    project.settings(limits={"repairs": 0, "turns": 1, "attempts": 1})
    settings = project.home / "config" / "slop-qt" / "settings.toml"
    settings.write_text(f"rules = [{rule}]\n{settings.read_text()}")
    with_rule = project.run(tracks["runs"], "--json", mode="edits")
    assert with_rule.code == 1, "the rule lets it pass as it is printed; the worker just never finishes"
    assert [e["output"] for e in with_rule.events if e["kind"] == "tool_result"] == ["[exit code 0]\nit's me\n"]

    stray = project.run(tracks["strays"], mode="edits")
    assert stray.code == 3
    assert 'subject = "other.txt"' in stray.err and "--mode auto" in stray.err

    question = project.run(tracks["asks"], "--json", mode="edits")
    assert question.code == 3
    assert question.events[-1]["kind"] == "run_ended", "what happened until then is all there"
    assert "--mode auto with --unsandboxed would have let it pass" in question.err

    merge = project.run(tracks["merges"], mode="edits")
    assert merge.code == 3
    assert 'kind = "merge", subject = "merges"' in merge.err


def test_a_socket_that_may_only_observe_decides_nothing(project):
    project.scenario(turn(3, finish()))
    observing = (f"--automation={project.socket}", "--automation-scope", "observe")
    result = project.run(project.track(ticket("T-001")), *observing, mode="ask")
    assert result.code == 3
    assert "nobody can be asked here" in result.err


def test_what_waits_is_decided_over_the_socket(project):
    project.scenario(turn(3, write_file("T-001"), finish()))
    arguments = project.run_arguments(project.track(ticket("T-001")), f"--automation={project.socket}", mode="ask")
    with project.start(*arguments) as application, application.client() as client:
        for kind in ("spawn", "edit", "merge"):
            until(lambda: client.call("approvals.list")["approvals"], f"the {kind} approval")
            (approval,) = client.call("approvals.list")["approvals"]
            assert approval["kind"] == kind
            client.call("approvals.resolve", id=approval["id"], decision="approve")
        result = application.result()
    assert result.code == 0, result.err
    assert "Merge T-001: Do T-001. This waits for a decision." in result.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_in_the_middle_of_everything_it_ends_in_order(project, number):
    project.scenario(
        turn(3, {"name": "run_command", "input": {"command": "sleep 1000 & sleep 1000"}}, ticket="runs"),
        turn(3, finish(), ticket="verifies"),
        turn(3, ticket="hangs", text="Half.", fault={"kind": "hang", "after_chunks": 1}),
    )
    tickets = ticket("runs"), ticket("verifies", verify="sleep 1000"), ticket("hangs")
    arguments = project.run_arguments(project.track(*tickets), "--json", f"--automation={project.socket}")
    with project.start(*arguments, fresh=True) as application:
        with application.client() as client:
            busy = {"runs": "running", "verifies": "verifying", "hangs": "running"}
            until(lambda: {t["id"]: t["status"] for t in client.get_mma_status()["tickets"]} == busy, "busy workers")
            until(lambda: len(processes_in(project.data)) >= 3, "its commands")
        application.interrupt(number)
        result = application.result()
    assert result.code == 130
    assert processes_in(project.home) == []
    assert (result.events[-1]["kind"], result.events[-1]["status"]) == ("run_ended", "cancelled")
    assert not project.socket.exists()
    assert project.git("worktree", "list").count("\n") == 0
    project.scenario(turn(3, finish()))
    assert project.run(project.track(ticket("more"), title="More")).code == 0


def test_interrupted_while_planning_it_ends_in_order(project):
    scenario = project.scenario(turn(1, fault={"kind": "hang"}))
    planning = ("--project", project.folder, "--epic", "Do it", "--scenario", scenario)
    with project.start("plan", *planning, f"--automation={project.socket}", fresh=True) as application:
        with application.client() as client:
            until(lambda: client.get_mma_status()["mma_streams"], "Tier 1")
        application.interrupt()
        assert application.result().code == 130


def test_a_reader_that_goes_away_ends_the_run_in_order(project):
    project.scenario(turn(3, text="x" * 200_000, turn=1), turn(3, fault={"kind": "hang"}))
    arguments = project.run_arguments(project.track(ticket("T-001")), "--json")
    reading, writing = os.pipe()
    with project.start(*arguments, stdout=writing, fresh=True) as application:
        os.close(writing)
        assert os.read(reading, 10)
        os.close(reading)
        _, err = application.process.communicate(timeout=30)
    assert application.process.returncode == 1
    assert err.decode() == "slop-qt: Standard output cannot be written to: Broken pipe.\n"


def test_a_full_disk_behind_standard_output_ends_the_run_in_order(project):
    project.scenario(turn(3, finish()))
    arguments = project.run_arguments(project.track(ticket("T-001")))
    with Path("/dev/full").open("wb") as full, project.start(*arguments, stdout=full, fresh=True) as application:
        _, err = application.process.communicate(timeout=30)
    assert application.process.returncode == 1
    assert err.decode() == "slop-qt: Standard output cannot be written to: No space left on device.\n"


def test_a_run_imports_no_view_and_needs_no_display(project):
    code = "import sys; from slop_qt.headless import demo, jobs; "
    code += "print([m for m in sys.modules if m.startswith(('slop_qt.views', 'slop_qt.widgets', 'slop_qt.window'))])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"
    project.environment.pop("QT_QPA_PLATFORM")
    project.scenario(turn(3, finish()))
    assert project.run(project.track(ticket("T-001")), fresh=True).code == 0


def test_automation_without_a_path_is_found_by_ctl(project):
    scenario = project.scenario(turn(1, fault={"kind": "hang"}))
    planning = ("--project", project.folder, "--epic", "Stay", "--scenario", scenario, "--automation")
    with project.start("plan", *planning) as application:
        socket = project.home / "runtime" / "slop-qt" / f"{application.process.pid}.sock"
        until(lambda: socket.exists() and application.process.poll() is None, "the socket")
        info = project.slop("ctl", "app.info", fresh=True)
        assert (info.code, json.loads(info.out)["pid"]) == (0, application.process.pid)
        wrong = project.slop("ctl", "track.show", '{"track_id": "none"}')
        assert (wrong.code, wrong.out) == (2, "")
        assert "There is no track none." in wrong.err
        assert project.slop("ctl", "app.quit", "--socket", socket).code == 0
        assert application.result().code == 0
