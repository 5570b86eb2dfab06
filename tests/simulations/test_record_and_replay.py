"""A live run kept by `--record`, and played again in another repository: the same tickets, diffs and tokens."""

import json
import re
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from dialect import CANARY_KEY, Call, Counts, Dialect, Reply
from dialects import DIALECTS
from loopback import CUT, Answer, LoopbackServer, Received
from same_figures import SameFigures
from simulation_support import Project, Result, finish, ticket, turn, until, write_file
from test_anthropic_end_to_end import environment, is_count, model

from slop_qt.providers.scenario import load_scenario

TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
TICKETS = (ticket("one", verify="grep 1 one.txt"), ticket("two", depends_on=("one",)))
PAUSES = {"anthropic": "pause_turn", "gemini": "CONTINUATION"}


@pytest.fixture
def second(tmp_path: Path) -> Project:
    """Another repository that is like the first."""
    home = tmp_path / "second"
    home.mkdir()
    return Project(home)


def outcome(project: Project, result: Result) -> dict[str, Any]:
    """What a run came to: how its tickets went and ended, what was said and done, its tokens, and the work itself."""
    went, did = defaultdict(list), defaultdict(list)
    said: dict[str, str] = defaultdict(str)
    used: dict[tuple[Any, ...], list[int]] = {}
    for event in result.events:
        if event["kind"] == "ticket_changed":
            went[event["ticket_id"]].append((event["status"], event["attempt"]))
        elif event["kind"] == "stream_text":
            said[event["stream_id"]] += event["text"]
        elif event["kind"] == "tool_result":
            did[event["stream_id"]].append((event["name"], event["ok"]))
        elif event["kind"] == "usage":
            key = (event["stream_id"], event["tier"], event["ticket_id"])
            used[key] = [a + event["usage"][b] for a, b in zip(used.get(key, [0] * len(TOKENS)), TOKENS, strict=True)]
    root = project.git("rev-list", "--max-parents=0", "HEAD")
    branches = project.git("branch", "--list", "slop/*/integration", "--format=%(refname)").splitlines()
    diffs = [project.git("diff", root, branch, "--", ".", ":!conductor") for branch in (*branches, "HEAD")]
    return {"code": result.code, "went": went, "did": did, "said": said, "used": used, "diffs": diffs}


def requests(result: Result) -> int:
    return sum(event["usage"]["requests"] for event in result.events if event["kind"] == "usage")


class Model:
    """Answers the workers and QA of TICKETS with all that can be repeated: thinking, cuts, mistakes, a pause."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._left = {
            "one": self._one(),
            "two": self._two(),
            "qa": [
                self._answer(
                    self._call({"name": "report_failure", "input": {"cause": "It has no 1.", "advice": "Write a 1."}})
                )
            ],
        }
        self._lock = threading.Lock()

    def __call__(self, request: Received) -> Answer:
        if re.search("count|input_tokens", request.path):
            return self._dialect.refusal(404, "not here")
        body = request.raw.decode()
        named = re.search(r"Ticket: (\w+)", body)
        assert named is not None
        with self._lock:
            return self._left["qa" if "report_failure" in body else named[1]].pop(0)

    def _one(self) -> list[Answer]:
        written = self._answer(self._call(write_file("one", "0\n")), text="Writing one.", thinking="Hm.")
        whole = [piece for piece in written.pieces if isinstance(piece, bytes)]
        until_text = next(number for number, piece in enumerate(whole, 1) if b"Writing" in piece)
        mistakes = [self._call({"name": "read_file", "input": {"path": "one.txt", "start_line": None}})]
        mistakes.append(self._call({"name": "list_directory", "input": {"path": None}}))
        if self._dialect.streams_arguments:
            mistakes.append(Call("read_file", ('{"path": "one', '.txt"')))
        ended = self._answer(self._call(finish()))
        pause = PAUSES.get(self._dialect.name)
        paused = [self._answer(text="On and ", stop=pause)] if pause else []
        mended = self._answer(self._call(write_file("one", "1\n")), text="Mended: 🦉\r\n")
        # What comes together with the cut is lost in the transport.
        return [
            Answer([*whole[:until_text], 0.1, CUT]),
            written,
            self._answer(*mistakes),
            *paused,
            ended,
            mended,
            ended,
        ]

    def _two(self) -> list[Answer]:
        both = self._answer(self._call(write_file("two")), self._call(finish()))
        return [self._dialect.refusal(503, "full"), both]

    @staticmethod
    def _call(call: dict[str, Any]) -> Call:
        whole = json.dumps(call["input"])
        return Call(call["name"], (whole[:9], whole[9:]))

    def _answer(self, *calls: Call, text: str = "", thinking: str = "", stop: str | None = None) -> Answer:
        numbered = tuple(Call(call.name, call.pieces, f"call_{number}") for number, call in enumerate(calls))
        written = 7 if self._dialect.cache_writes else 0
        counts = Counts(input=137, output=20, cache_read=30, cache_write=written)
        said = [(words,) if words else () for words in (text, thinking)]
        return Answer(self._dialect.wire(Reply(*said, calls=numbered, stop=stop, counts=counts)).events)


def live_environment(dialect: Dialect, base_url: str) -> dict[str, str]:
    address = f"{base_url}/v1" if dialect.name == "openai" else base_url
    return {dialect.address_variable: address, f"{dialect.name.upper()}_API_KEY": CANARY_KEY}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_track_of_each_vendor_plays_again(
    project: Project, second: Project, same_figures: SameFigures, dialect: Dialect
) -> None:
    into = project.home / "recorded.toml"
    with LoopbackServer(Model(dialect)) as server:
        project.environment |= live_environment(dialect, server.base_url)
        chosen = ("--provider", dialect.name, "--model", dialect.model, "--record", into)
        track = project.track(*TICKETS)
        mode = ("--mode", "auto", "--unsandboxed", "--json")
        live = project.slop("run", "--project", project.folder, "--track", track, *mode, *chosen)
    assert (live.code, live.err) == (0, ""), live.out
    same_figures()
    (second.home / "scenario.toml").write_bytes(into.read_bytes())
    again = second.run(second.track(*TICKETS), "--json")
    text = into.read_text()
    assert CANARY_KEY not in text and "# 1 request fewer will be counted" in text
    assert requests(again) == requests(live) - 1, "a pause, or a cut send whose tokens nobody told"
    expected, found = outcome(project, live), outcome(second, again)
    assert expected["said"]["Tier 3: one"].startswith("Writing one.Writing one.")
    if dialect.name not in PAUSES:  # OpenAI's counts come at the end: what was cut is not cut again
        found["said"]["Tier 3: one"] = "Writing one." + found["said"]["Tier 3: one"]
    assert found == expected
    assert [attempt for _, attempt in expected["went"]["one"]][-1] == 2
    assert ("list_directory", False) in expected["did"]["Tier 3: one"] and "+1\n" in expected["diffs"][0]
    assert len([event for event in live.events if event["kind"] == "retry"]) == 2


def test_an_epic_plays_again_up_to_the_persons_branch(project: Project, second: Project) -> None:
    into = project.home / "recorded.toml"
    epic = ("--epic", "Greet us", "--mode", "auto", "--unsandboxed", "--apply", "--json")
    with LoopbackServer(model) as server:
        project.environment |= environment(server.base_url)
        live = project.slop("run", "--project", project.folder, *epic, "--provider", "anthropic", "--record", into)
        asked = sum(not is_count(request) for request in server.received)
    assert (live.code, live.err) == (0, "")
    assert len(load_scenario(into).turns) == asked == 9
    scripted = ("--provider", "scripted", "--scenario", into)
    again = second.slop("run", "--project", second.folder, *epic, *scripted)
    expected = outcome(project, live)
    assert expected["diffs"][-1].count("\n+1") == 2 and len(expected["used"]) >= 4
    assert outcome(second, again) == expected
    assert requests(again) == requests(live) == 9


def test_a_run_that_fails_is_recorded_too(project: Project, second: Project) -> None:
    into = project.home / "recorded.toml"
    unknown = {"name": "read_file", "input": {"no_such_field": "x"}}
    project.scenario(
        turn(3, write_file("A"), finish(), ticket="A", turn=1, fault={"kind": "bad_json"}, text="Bröken\r\n\t🦉"),
        turn(3, unknown, ticket="A", turn=2, text="Reads."),
        turn(3, write_file("A"), finish(), ticket="A", turn=3),
        turn(3, ticket="B", stop="refusal", text="No."),
        turn(3, text="never answered", ticket="C", fault={"kind": "auth", "after_chunks": 2}),
        turn(3, text="crashes", ticket="D", attempt=1, fault={"kind": "crash", "after_chunks": 1}),
        turn(3, write_file("D"), finish(), ticket="D", attempt=2),
        turn(4, {"name": "report_failure", "input": {"cause": "c", "advice": "a"}}),
    )
    tickets = (ticket("A"), ticket("B", depends_on=("A",)), ticket("C"), ticket("D"))
    live = project.run(project.track(*tickets), "--json", "--record", into)
    assert live.code == 1
    stops = [(one.ticket, one.turn, one.stop_reason) for one in load_scenario(into).turns]
    assert stops[-1] != ("A", 3, "tool_use") and ("A", 3, "tool_use") in stops and ("B", 1, "refusal") in stops
    (second.home / "scenario.toml").write_bytes(into.read_bytes())
    again = second.run(second.track(*tickets), "--json")
    expected = outcome(project, live)
    assert {name: went[-1][0] for name, went in expected["went"].items()} == {
        "A": "done",
        "B": "blocked",
        "C": "blocked",
        "D": "done",
    }
    assert outcome(second, again) == expected
    assert requests(again) == requests(live)


def test_a_run_that_nobody_answered_leaves_no_file_and_says_so(project: Project) -> None:
    into = project.home / "recorded.toml"
    project.scenario(turn(3, fault={"kind": "auth"}))
    result = project.run(project.track(ticket("A")), "--record", into)
    assert result.code == 1
    assert f"{into} was not written: no model has answered." in result.err
    assert not into.exists()


def test_a_run_that_is_interrupted_leaves_what_was_answered_and_spent_until_then(project: Project) -> None:
    into = project.home / "recorded.toml"
    hang = {"kind": "hang", "after_chunks": 1}
    used = {"input_tokens": 77, "output_tokens": 5}
    project.scenario(
        turn(3, write_file("A"), turn=1, text="First."),
        turn(3, finish(), turn=2, text="Then", usage=used, fault=hang),
    )
    arguments = project.run_arguments(
        project.track(ticket("A")), "--json", "--record", into, f"--automation={project.socket}"
    )
    with project.start(*arguments, fresh=True) as application:
        with application.client() as client:
            until(lambda: client.get_mma_status()["mma_streams"].get("Tier 3: A") == "First.Then", "the second turn")
            assert not into.exists()
            application.interrupt()
        result = application.result()
    assert result.code == 130
    first, cut = load_scenario(into).turns
    assert (first.turn, first.text, first.stop_reason) == (1, "First.", "tool_use")
    assert (cut.turn, cut.text, cut.stop_reason) == (2, "Then", "refusal")
    total = outcome(project, result)["used"]["Tier 3: A", 3, "A"]
    assert total[:2] == [first.usage.input_tokens + 77, first.usage.output_tokens]
    assert "Not answered to the end" in into.read_text()


@pytest.mark.parametrize("taken", [True, False])
def test_a_place_that_is_lost_or_taken_during_the_run_is_told(project: Project, taken: bool) -> None:
    into = project.home / "kept" / "recorded.toml"
    into.parent.mkdir()
    project.scenario(turn(3, text="Words", fault={"kind": "hang", "after_chunks": 9}))
    arguments = project.run_arguments(project.track(ticket("A")), "--record", into, f"--automation={project.socket}")
    with project.start(*arguments) as application:
        with application.client() as client:
            until(lambda: client.get_mma_status()["mma_streams"].get("Tier 3: A") == "Words", "the answer")
            into.write_text("somebody's") if taken else into.parent.rmdir()
            application.interrupt()
        result = application.result()
    assert result.code == 130
    if taken:
        beside = into.with_name("recorded-2.toml")
        assert f"recorded in {beside}." in result.err
        assert into.read_text() == "somebody's" and load_scenario(beside).turns
    else:
        assert f"{into} could not be written" in result.err
