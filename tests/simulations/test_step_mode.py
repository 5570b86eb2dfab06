"""Step mode through a full track: every turn, and everything that has an effect, waits for a click."""

from hand_on_window import Card, Person, at_window
from simulation_support import Project, ticket

WORKER_1, WORKER_2, QA = "Tier 3 Worker  ·  T-001", "Tier 3 Worker  ·  T-002", "Tier 4 QA  ·  T-002"
IN_ORDER = [
    ("Start a worker", WORKER_1, "Start a worker on T-001: Do T-001"),
    ("Next turn", WORKER_1, "Tier 3: T-001: turn 1"),
    ("Edit a file", WORKER_1, "Create T-001.txt"),
    ("Next turn", WORKER_1, "Tier 3: T-001: turn 2"),
    ("Run a command", WORKER_1, "Run cat T-001.txt"),
    ("Next turn", WORKER_1, "Tier 3: T-001: turn 3"),
    ("Merge", WORKER_1, "Merge T-001: Do T-001"),
    ("Start a worker", WORKER_2, "Start a worker on T-002: Do T-002"),
    ("Next turn", WORKER_2, "Tier 3: T-002: turn 1"),
    ("Edit a file", WORKER_2, "Create T-002.txt"),
    ("Next turn", QA, "Tier 4: T-002 #1: turn 1"),
    ("Start a worker", WORKER_2, "Start a worker on T-002: Do T-002"),
    ("Next turn", WORKER_2, "Tier 3: T-002 #2: turn 1"),
    ("Edit a file", WORKER_2, "Create T-002.txt"),
    ("Merge", WORKER_2, "Merge T-002: Do T-002"),
]
ASKS = {"spawn", "step", "edit", "command", "merge"}


def test_in_step_mode_every_step_of_a_full_track_waits_and_comes_in_order(project: Project) -> None:
    first = ticket("T-001", verify="grep -q done T-001.txt")
    second = ticket("T-002", verify="grep -q done T-002.txt", depends_on=("T-001",))
    project.track(first, second, title="Walls")
    with at_window(project, "step_mode.toml") as person:
        person.run_track("Walls", mode="Step")
        seen = []
        while len(seen) < len(IN_ORDER):
            card = person.next_card()
            seen.append((card.kind, card.who, card.title))
            assert card.queue == 1, "with one worker one thing waits at a time"
            assert nothing_happened(person, project, card)
            person.approve(card)
        assert seen == IN_ORDER
        assert person.client.wait_run()["status"] == "done"
        assert person.the_card() is None
        check_that_all_was_asked(person)
        person.apply()
    assert project.git("show", "main:T-002.txt") == "done"


def nothing_happened(person: Person, project: Project, card: Card) -> bool:
    """What the card asks about has not been done yet."""
    run = person.client.get_mma_status()
    (waiting,) = run["pending_approvals"]
    stream, integration = waiting["stream_id"], f"slop/{run['run_id']}/integration"
    if card.kind == "Start a worker":
        return stream not in run["mma_streams"]
    if card.kind == "Next turn":
        sent = person.client.call("usage.stats")["by_ticket"].get(waiting["ticket_id"], {"requests": 0})["requests"]
        return bool(sent == TURNS_BEFORE[card.title])
    file = f"{waiting['ticket_id']}.txt"
    written = bool(list(project.data.rglob(f"worktrees/**/{file}")))
    if card.kind == "Edit a file":
        return not written
    return written and file not in project.git("ls-tree", "--name-only", integration)


# Requests that are on a ticket's account before the turn of that name is sent.
TURNS_BEFORE = {
    "Tier 3: T-001: turn 1": 0,
    "Tier 3: T-001: turn 2": 1,
    "Tier 3: T-001: turn 3": 2,
    "Tier 3: T-002: turn 1": 0,
    "Tier 4: T-002 #1: turn 1": 1,
    "Tier 3: T-002 #2: turn 1": 2,
}


def check_that_all_was_asked(person: Person) -> None:
    """The journal agrees: each effect comes after its own approval, and no approval came from a rule or a mode."""
    events = person.history("approval_requested", "approval_resolved", "tool_call", "worker_started", "merged", "usage")
    open_for: list[str] = []
    for event in events:
        if event["kind"] == "approval_requested":
            assert event["approval"]["kind"] in ASKS
            open_for.append(event["approval"]["id"])
        elif event["kind"] == "approval_resolved":
            assert (event["approval"]["by"], event["approval"]["state"]) == ("user", "approved")
            assert open_for.pop() == event["approval"]["id"]
        else:
            assert open_for == [], f"{event['kind']} while an approval waits"
    kinds = [event["approval"]["kind"] for event in events if event["kind"] == "approval_resolved"]
    assert len(kinds) == len(IN_ORDER)
    assert kinds.count("spawn") + 1 == sum(event["kind"] == "worker_started" for event in events)  # Tier 4 is none
    assert kinds.count("step") == sum(event["kind"] == "usage" for event in events)
    assert kinds.count("merge") == sum(event["kind"] == "merged" for event in events)
    calls = [event["name"] for event in events if event["kind"] == "tool_call"]
    assert kinds.count("edit") == calls.count("write_file")
    assert kinds.count("command") == calls.count("run_command")
