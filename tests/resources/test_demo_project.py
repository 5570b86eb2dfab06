"""The demo's scenario against the demo's project, without the engine: real files, real git, real tests."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from slop_qt.core.conversation import Caller
from slop_qt.core.settings import Rule
from slop_qt.core.tickets import TicketSpec, check_graph, declares, overlap
from slop_qt.core.tracks import TrackDraft
from slop_qt.providers.scenario import Scenario, ScriptedTool, load_scenario, match_turn
from slop_qt.tools.registry import ToolRegistry, default_tools

DEMO = Path(__file__).parents[2] / "resources" / "demo"
ANSWERS = {1: "submit_tracks", 2: "submit_tickets", 3: "finish_ticket", 4: "report_failure"}
FIRST_ATTEMPT_FAILS = "T-006"
LONGEST_ANSWER = 10


def calls(scenario: Scenario, tier: int, ticket: str | None = None, attempt: int = 1) -> Iterator[ScriptedTool]:
    """What an agent is told to call, turn after turn as the agent loop asks, up to its tier's answer."""
    for turn in range(1, LONGEST_ANSWER):
        answer = match_turn(scenario, Caller(tier=tier, ticket=ticket, attempt=attempt, turn=turn))
        assert answer is not None, f"tier {tier}, {ticket}, attempt {attempt} has no turn {turn}"
        yield from answer.tools
        if any(tool.name == ANSWERS[tier] for tool in answer.tools):
            return
    raise AssertionError(f"tier {tier}, {ticket}, attempt {attempt} never answers")


def answer(scenario: Scenario, tier: int, ticket: str | None = None, attempt: int = 1) -> dict[str, Any]:
    *_, last = calls(scenario, tier, ticket, attempt)
    return last.input


SCENARIO = load_scenario(DEMO / "scenario.toml")
TICKETS = {
    ticket.id: ticket for ticket in (TicketSpec.model_validate(draft) for draft in answer(SCENARIO, 2)["tickets"])
}


def topological_orders(remaining: frozenset[str] = frozenset(TICKETS)) -> Iterator[tuple[str, ...]]:
    if not remaining:
        yield ()
    for ticket_id in sorted(remaining):
        if not remaining & set(TICKETS[ticket_id].depends_on):
            for rest in topological_orders(remaining - {ticket_id}):
                yield (ticket_id, *rest)


def last_attempt(ticket_id: str) -> int:
    return 2 if ticket_id == FIRST_ATTEMPT_FAILS else 1


def replace_once(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
    return text.replace(old, new)


def shell(command: str | Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """As the application runs commands: by /bin/sh, with the running interpreter first on PATH."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(cwd),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the project's tests need none, and Qt's takes a second to come
    }
    argv = ["/bin/sh", "-c", command] if isinstance(command, str) else command
    return subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False)


def git(cwd: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@localhost"]
    done = shell(["git", *identity, *arguments], cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def work(root: Path, ticket_id: str, attempt: int) -> None:
    """Carry out one attempt's calls, as the tools would."""
    for tool in calls(SCENARIO, 3, ticket_id, attempt):
        arguments: dict[str, Any] = tool.input
        if tool.name in {"write_file", "edit_file"}:
            assert declares(TICKETS[ticket_id], arguments["path"])
        if tool.name == "write_file":
            (root / arguments["path"]).write_text(arguments["content"], encoding="utf-8")
        elif tool.name == "edit_file":
            path = root / arguments["path"]
            text = replace_once(path.read_text(encoding="utf-8"), arguments["old"], arguments["new"])
            path.write_text(text, encoding="utf-8")
        elif tool.name == "run_command":
            done = shell(arguments["command"], root)
            assert done.returncode == 0, f"{ticket_id}: {arguments['command']}\n{done.stdout}{done.stderr}"
        else:
            assert (root / str(arguments.get("path", "."))).exists()


class Repository:
    """The demo's project in git, with a worktree per attempt and an integration branch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "integration"
        shutil.copytree(DEMO / "project", self.root, ignore=shutil.ignore_patterns("__pycache__"))
        git(self.root, "init", "-q")
        git(self.root, "add", "-A")
        git(self.root, "commit", "-q", "-m", "The demo's project")

    def start(self, ticket_id: str, attempt: int) -> Path:
        worktree = self.folder / f"{ticket_id}-{attempt}"
        git(self.root, "worktree", "add", "-q", "-b", worktree.name, str(worktree))
        return worktree

    def verify(self, ticket_id: str, worktree: Path) -> subprocess.CompletedProcess[str]:
        command = TICKETS[ticket_id].verify
        assert command is not None
        return shell(command, worktree)

    def attempt(self, ticket_id: str) -> Path:
        """A worktree with the attempt that passes; the one that does not is tried before it."""
        for attempt in range(1, last_attempt(ticket_id) + 1):
            worktree = self.start(ticket_id, attempt)
            work(worktree, ticket_id, attempt)
            verified = self.verify(ticket_id, worktree)
            assert (verified.returncode == 0) == (attempt == last_attempt(ticket_id)), verified.stderr
        return worktree

    def merge(self, ticket_id: str, worktree: Path) -> None:
        git(worktree, "add", "-A")
        git(worktree, "commit", "-q", "-m", ticket_id)
        git(self.root, "merge", "-q", "--no-ff", "-m", ticket_id, worktree.name)
        verified = self.verify(ticket_id, self.root)
        assert verified.returncode == 0, verified.stderr

    def check_the_end(self) -> None:
        """Everything passes, and the README shows what the program prints."""
        for command in ("python -m unittest", "python -m pytest -q -p no:cacheprovider"):
            done = shell(command, self.root)
            assert done.returncode == 0, done.stdout + done.stderr
        report = shell("python -m pocketbook examples/household.journal", self.root).stdout
        shown = "".join(f"    {line}\n" for line in report.splitlines())
        assert report.startswith("Account")
        assert shown in (self.root / "README.md").read_text(encoding="utf-8")
        assert git(self.root, "status", "--porcelain") == ""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_suite_fails_in_eight_places_at_first(repository: Repository) -> None:
    by_unittest = shell("python -m unittest", repository.root)
    by_pytest = shell("python -m pytest -q -p no:cacheprovider", repository.root)
    assert by_unittest.returncode == 1
    assert len(re.findall(r"^(?:FAIL|ERROR): ", by_unittest.stderr, re.MULTILINE)) == 8
    assert "8 failed" in by_pytest.stdout
    assert git(repository.root, "status", "--porcelain") == ""


@pytest.mark.parametrize("ticket_id", TICKETS)
def test_no_ticket_passes_before_it_is_worked_on(repository: Repository, ticket_id: str) -> None:
    assert repository.verify(ticket_id, repository.root).returncode == 1


def test_tickets_pass_one_after_another(repository: Repository) -> None:
    for ticket_id in ("T-006", "T-002", "T-005", "T-001", "T-004", "T-003", "T-007"):
        repository.merge(ticket_id, repository.attempt(ticket_id))
    repository.check_the_end()


def test_tickets_pass_as_early_as_they_may_start(repository: Repository) -> None:
    done: set[str] = set()
    while len(done) < len(TICKETS):
        wave: list[TicketSpec] = []
        for ticket in TICKETS.values():
            ready = ticket.id not in done and done.issuperset(ticket.depends_on)
            if ready and not any(overlap(ticket, other) for other in wave):
                wave.append(ticket)
        worktrees = {ticket.id: repository.attempt(ticket.id) for ticket in wave}
        for ticket_id, worktree in reversed(worktrees.items()):
            repository.merge(ticket_id, worktree)
        done.update(worktrees)
    repository.check_the_end()


def test_every_legal_order_gives_the_same_files() -> None:
    project = DEMO / "project"
    original = {
        path.relative_to(project).as_posix(): path.read_text(encoding="utf-8")
        for path in project.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    results = []
    orders = list(topological_orders())
    for order in orders:
        files = dict(original)
        for ticket_id in order:
            for tool in calls(SCENARIO, 3, ticket_id, last_attempt(ticket_id)):
                arguments: dict[str, Any] = tool.input
                if tool.name == "write_file":
                    files[arguments["path"]] = arguments["content"]
                elif tool.name == "edit_file":
                    files[arguments["path"]] = replace_once(
                        files[arguments["path"]], arguments["old"], arguments["new"]
                    )
        results.append(files)
    assert len(orders) > 100
    assert all(files == results[0] for files in results)


def test_graph_has_a_diamond_and_two_tickets_that_share_a_file() -> None:
    assert len(TICKETS) >= 6
    check_graph(list(TICKETS.values()))
    above = {ticket.id: set(ticket.depends_on) for ticket in TICKETS.values()}
    assert any(
        above[first] & above[second] and {first, second} <= above[bottom]
        for bottom in above
        for first, second in itertools.combinations(sorted(above[bottom]), 2)
    )
    assert any(
        overlap(TICKETS[first], TICKETS[second]) and first not in above[second] and second not in above[first]
        for first, second in itertools.combinations(sorted(TICKETS), 2)
    )


def test_tickets_cover_exactly_the_plan() -> None:
    [track] = [TrackDraft.model_validate(draft) for draft in answer(SCENARIO, 1)["tracks"]]
    planned = re.findall(r"^- \[ \] Task: (.+)$", track.plan, re.MULTILINE)
    covered = [task for ticket in TICKETS.values() for task in ticket.plan_tasks]
    assert sorted(covered) == sorted(planned)
    assert re.findall(r"^## Phase \d: .+$", track.plan, re.MULTILINE)


def test_tier_4_explains_the_failed_attempt_and_any_other() -> None:
    for ticket_id in TICKETS:
        explanation = answer(SCENARIO, 4, ticket_id, 1)
        assert explanation.keys() == {"cause", "advice"}
    assert "2026-03-28" in answer(SCENARIO, 4, FIRST_ATTEMPT_FAILS)["cause"]


def test_scenario_shows_a_retry_and_usage_both_reported_and_estimated() -> None:
    faults = [turn.fault for turn in SCENARIO.turns if turn.fault]
    assert [(fault.kind, fault.times) for fault in faults] == [("rate_limit", 1)]
    assert any(turn.usage is None for turn in SCENARIO.turns)
    assert any(turn.usage and turn.usage.cache_read_tokens and turn.usage.cache_write_tokens for turn in SCENARIO.turns)


def test_every_turn_is_reached() -> None:
    agents = [(1, None, 1), (2, None, 1)]
    agents += [(3, ticket_id, attempt) for ticket_id in TICKETS for attempt in range(1, last_attempt(ticket_id) + 1)]
    agents += [(4, ticket_id, 1) for ticket_id in TICKETS]
    reached = set()
    for tier, ticket_id, attempt in agents:
        for turn in range(1, LONGEST_ANSWER):
            found = match_turn(SCENARIO, Caller(tier=tier, ticket=ticket_id, attempt=attempt, turn=turn))
            if found is not None:
                reached.add(SCENARIO.turns.index(found))
    assert reached == set(range(len(SCENARIO.turns)))


def test_window_demo_takes_about_half_a_minute() -> None:
    defaults = SCENARIO.defaults

    def seconds(tier: int, ticket_id: str | None = None) -> float:
        attempts = range(1, last_attempt(ticket_id) + 1) if tier == 3 and ticket_id else (1,)
        turns = {
            id(found): found
            for attempt in attempts
            for turn in range(1, LONGEST_ANSWER)
            if (found := match_turn(SCENARIO, Caller(tier=tier, ticket=ticket_id, attempt=attempt, turn=turn)))
        }
        chars = sum(len(turn.text) + len(turn.thinking) for turn in turns.values())
        return chars / defaults.chunk_chars / defaults.chunks_per_s

    ends: dict[str, float] = {}
    for ticket_id in check_graph(list(TICKETS.values())):
        begin = max((ends[dependency] for dependency in TICKETS[ticket_id].depends_on), default=0.0)
        explained = seconds(4, ticket_id) if ticket_id == FIRST_ATTEMPT_FAILS else 0.0
        ends[ticket_id] = begin + seconds(3, ticket_id) + explained
    assert 20 < seconds(1) + seconds(2) + max(ends.values()) < 35


def test_rules_allow_exactly_the_commands_that_the_scenario_runs() -> None:
    demo = tomllib.loads((DEMO / "demo.toml").read_text(encoding="utf-8"))
    rules = [Rule.model_validate(rule) for rule in demo["rule"]]
    run = {tool.input["command"] for turn in SCENARIO.turns for tool in turn.tools if tool.name == "run_command"}
    assert {rule.subject for rule in rules if rule.kind == "command"} == run
    assert {(rule.kind, rule.subject) for rule in rules if rule.kind != "command"} == {("spawn", None), ("merge", None)}
    assert all(rule.action == "allow" for rule in rules)
    assert len(rules) == len(run) + 2
    assert demo.keys() == {"epic", "rule"}
    assert "python -m unittest" in demo["epic"]


def test_every_call_is_one_that_its_tier_may_make() -> None:
    registry = ToolRegistry(default_tools())
    for turn in SCENARIO.turns:
        for call in turn.tools:
            registry.parse(turn.tier, call.name, json.dumps(call.input))


def test_no_build_leftovers_are_shipped() -> None:
    files = (path for path in (DEMO / "project").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert {path.suffix or path.name for path in files} == {".py", ".toml", ".md", ".journal", ".gitignore"}
    assert (DEMO / "project" / ".gitignore").read_text(encoding="utf-8").splitlines()[0] == "__pycache__/"
