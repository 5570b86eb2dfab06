"""Workers that fail, hang, break off, flood and go round in circles, all in one run: the others never notice."""

from typing import Any

import pytest
from one_story import Listener, check_one_story, nothing_is_left, scene, tickets_of, why_not_done
from simulation_support import finish, ticket, turn, write_file
from staying import KINDS, Kind, staying

# What each comes to, and words of the sentence that says why it is not done.
BLOCKED = {
    "refused": "refused the key (401)",
    "down": "failed (500), as the scenario says. It was sent 2 times.",
    "silent": "It was sent 2 times.",
    "cut_calls": "The connection broke before the answer was complete, as the scenario says. It was sent 2 times.",
    "garbled": "could not be used, 2 times",
    "circles": "You called list_directory 6 times in a row with the same arguments.",
    "wanders": "took 7 turns without an answer",
    "after_silent": "It needs silent, which is blocked.",
}
DONE = ("wakes", "cut_text", "cut_call", "mends", "crashes", "trickles", "calls", "steady", "after_wakes")
TRICKLE = "".join(f"{number:04}\n" for number in range(2000))  # 10,000 chunks of one character
LOOKS = [{"name": "list_directory", "input": {"depth": 1 + number % 2}} for number in range(100)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_trouble_stays_its_own(project, same_figures, kind: Kind):
    project.settings(limits={"sends": 2, "attempts": 2, "repairs": 1, "turns": 7, "no_progress_s": 1})
    head = project.git("rev-parse", "HEAD")
    after = {"after_silent": ("silent",), "after_wakes": ("wakes",)}
    track = project.track(*(ticket(name, depends_on=after.get(name, ())) for name in (*BLOCKED, *DONE)))
    turns, defaults = scene("workers_in_trouble")
    turns += [
        turn(
            1, thinking="." * 5000, fault={"kind": "slow"}
        ),  # what keeps it open may not be silent for a second either
        turn(3, write_file("trickles"), finish(), ticket="trickles", text=TRICKLE),
        turn(3, *LOOKS, write_file("calls"), finish(), ticket="calls"),
        *(turn(3, write_file(name), finish(), ticket=name, text="Well.") for name in ("steady", "after_wakes")),
    ]
    with staying(kind, project, *turns, **defaults) as client:
        listener = Listener(project)
        run_id = client.call("run.start", track_id=track, mode="auto", workers=16)["run_id"]
        status = client.wait_run(run_id)
        assert status["status"] == "blocked"
        assert tickets_of(status) == dict.fromkeys(BLOCKED, "blocked") | dict.fromkeys(DONE, "done")
        reasons = why_not_done(status)
        assert [name for name, words in BLOCKED.items() if words not in reasons[name]] == [], reasons
        streams = status["mma_streams"]
        assert streams["Tier 3: trickles"] == TRICKLE
        assert streams["Tier 3: cut_text"] == "AllAll of it.", "the part before the fault is kept"
        assert streams["Tier 3: wakes"] == "AllAll of it."
        assert streams["Tier 3: silent"] == streams["Tier 3: down"] == "HalfHalf"
        same_figures(client)
    heard = listener.all()
    check_one_story(project, heard, [status])
    calls = called(heard)
    assert calls["cut_calls"] == [] and calls["cut_call"] == ["write_file", "finish_ticket"], "nothing of a half answer"
    assert len(calls["calls"]) == len(LOOKS) + 2
    faults = {event["where"]: event for event in heard if event["kind"] == "fault"}
    assert faults.keys() == {"refused", "down", "silent", "cut_calls", "Tier 3: crashes"}
    assert all(fault["message"] and fault["hint"] for fault in faults.values())
    merged = project.git("ls-tree", "--name-only", f"slop/{run_id}/integration").splitlines()
    assert set(merged) == {"README.md", *(f"{name}.txt" for name in DONE)}
    nothing_is_left(project, head)


def called(heard: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The tools that each ticket's first worker called, in order."""
    calls: dict[str, list[str]] = {name: [] for name in (*BLOCKED, *DONE)}
    for event in heard:
        if event["kind"] == "tool_call" and event["stream_id"].removeprefix("Tier 3: ") in calls:
            calls[event["stream_id"].removeprefix("Tier 3: ")].append(event["name"])
    return calls
