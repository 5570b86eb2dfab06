"""`--provider anthropic`, the real SDK, and a loopback server: from the epic to Apply, and everything that can fail."""

import json
import re
import socket
from typing import Any

from anthropic_dialect import json_error, stream_answer
from dialect import CANARY_KEY
from loopback import Answer, LoopbackServer, Received
from simulation_support import Project, Result, finish, ticket, write_file

from slop_qt.core.tickets import TicketSpec

DRAFTS = {"tracks": [{"title": "Greet", "spec": "# S\n", "plan": "# P\n\n- [ ] Task: Say hello\n"}]}
TICKETS = [
    {"id": "one", "title": "Say one", "brief": "b", "files": ["one.txt"], "depends_on": [], "verify": "grep 1 one.txt"},
    {"id": "two", "title": "Say two", "brief": "b", "files": ["two.txt"], "depends_on": ["one"]},
]


def answer(*calls: dict[str, Any], text: str = "") -> Answer:
    """An answer with these calls, their JSON in pieces, and usage with a cache."""
    tools = []
    for number, call in enumerate(calls):
        whole = json.dumps(call["input"])
        tools.append((f"toolu_{number}", call["name"], [whole[:9], whole[9:]]))
    used = {"input_tokens": 100, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 7, "output_tokens": 1}
    return stream_answer(text=[text] if text else [], tools=tools, usage=used, final_usage={"output_tokens": 20})


def is_count(request: Received) -> bool:
    return request.path.endswith("/count_tokens")


def model(request: Received) -> Answer:
    """Four tiers that plan, fail once, explain and mend."""
    if is_count(request):
        return Answer([b'{"input_tokens": 130}'], headers={"content-type": "application/json"})
    tools = {tool["name"] for tool in request.body["tools"]}
    prompt = json.dumps(request.body["messages"][0])
    named = re.search(r"Ticket: (\w+)", prompt)
    if "submit_tracks" in tools:
        return answer({"name": "submit_tracks", "input": DRAFTS}, text="One track.")
    if "submit_tickets" in tools:
        return answer({"name": "submit_tickets", "input": {"tickets": TICKETS}})
    if "report_failure" in tools:
        return answer({"name": "report_failure", "input": {"cause": "It has no 1.", "advice": "Write a 1."}})
    assert named is not None
    if len(request.body["messages"]) > 1:
        return answer(finish(), text="Done with it.")
    mended = "Write a 1." in prompt or named[1] == "two"
    return answer(write_file(named[1], "1\n" if mended else "0\n"), text=f"Writing {named[1]}.")


def environment(base_url: str, **more: str) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": base_url, "ANTHROPIC_API_KEY": CANARY_KEY, **more}


def run_epic(project: Project, *arguments: str, fresh: bool = False) -> Result:
    named = ("--project", project.folder, "--epic", "Greet us", "--provider", "anthropic", "--mode", "auto")
    result = project.slop("run", *named, "--unsandboxed", *arguments, fresh=fresh)
    kept = [path for path in project.home.rglob("*") if path.is_file()]
    assert not [path for path in kept if CANARY_KEY.encode() in path.read_bytes()], "the key is nowhere on disk"
    assert CANARY_KEY not in result.out + result.err
    return result


def test_an_epic_reaches_the_persons_branch(project, same_figures):
    with LoopbackServer(model) as server:
        project.environment |= environment(server.base_url)
        result = run_epic(project, "--apply", "--json", fresh=True)
        assert server.wait_until_left(10), "no connection is left open"
    assert (result.code, result.err) == (0, "")
    assert (project.folder / "one.txt").read_text() == "1\n"
    assert (project.folder / "two.txt").read_text() == "1\n"
    assert project.git("status", "--porcelain") == ""
    events = result.events
    models = {event["tier"]: event["model"] for event in events if event["kind"] == "worker_started"}
    assert models == {
        1: "claude-opus-4-5",
        2: "claude-opus-4-5",
        3: "claude-haiku-4-5",
        4: "claude-haiku-4-5",
    }
    used = [event["usage"] for event in events if event["kind"] == "usage"]
    counts = [request for request in server.received if is_count(request)]
    assert len(used) == len(counts) == len(server.received) - len(counts) == 9
    reports = [event["report"] for event in events if event["kind"] == "context"]
    assert [report["used_tokens"] for report in reports if report["measured"] == "provider"] == [130, 137] * 9
    assert len(reports) == 27, "an estimate before the approval of each turn, its count after that, and its answer's"
    assert [report["cache"]["state"] for report in reports[:3]] == ["unknown", "unknown", "warm"]
    assert all(sum(part["tokens"] for part in report["parts"]) == report["used_tokens"] for report in reports)
    assert {one["input_tokens"] for one in used} == {137} and {one["output_tokens"] for one in used} == {20}
    assert all(one["cost_usd"] > 0 for one in used)
    same_figures()
    said = {}
    for event in events:
        if event["kind"] == "stream_text":
            said[event["stream_id"]] = said.get(event["stream_id"], "") + event["text"]
    assert said == {
        "Tier 1": "One track.",
        "Tier 3: one": "Writing one.Done with it.",
        "Tier 3: one #2": "Writing one.Done with it.",
        "Tier 3: two": "Writing two.Done with it.",
    }
    assert all(CANARY_KEY in " ".join(request.headers.values()) for request in server.received)
    learnt = json.loads((project.data / "token-calibration.json").read_text())["models"]
    assert "anthropic claude-haiku-4-5" in learnt


def test_a_file_of_what_was_learnt_that_is_broken_is_learnt_anew(project):
    project.data.mkdir(parents=True)
    kept = project.data / "token-calibration.json"
    kept.write_bytes(b'{"version": \xff')
    with LoopbackServer(model) as server:
        project.environment |= environment(server.base_url)
        result = run_epic(project)
    assert (result.code, result.err) == (0, "")
    assert json.loads(kept.read_text())["models"]


def test_a_budget_that_covers_nothing_ends_a_run_that_nobody_could_resume(project):
    with LoopbackServer(model) as server:
        project.environment |= environment(server.base_url)
        result = run_epic(project, "--budget-usd", "0.0000001")
        sent = [request for request in server.received if not is_count(request)]
    assert result.code == 1
    assert len(sent) == 2, "planning counts against the day alone; what the run would have sent was not"
    assert "The budget does not cover the next request of Tier 3: one" in result.out
    assert "--budget-usd" in result.err
    assert "is paused, and nobody is there to resume it: it ends." in result.err


def test_no_key_says_which_variable_to_set_before_anything_is_opened(project):
    result = run_epic(project)
    assert result.code == 3
    assert "ANTHROPIC_API_KEY" in result.err
    assert project.git("branch", "--list", "slop/*") == ""


def test_a_key_that_cannot_be_one_is_refused_with_a_sentence(project):
    project.environment |= environment("http://127.0.0.1:9", ANTHROPIC_API_KEY="two words")
    result = run_epic(project)
    assert result.code == 3
    assert "ANTHROPIC_API_KEY" in result.err


def test_a_wrong_key_is_a_sentence_with_the_host_and_what_to_do(project):
    refusal = json_error(401, "authentication_error", "invalid x-api-key")
    with LoopbackServer.saying(refusal) as server:
        project.environment |= environment(server.base_url)
        result = run_epic(project)
        host = server.base_url.removeprefix("http://")
    assert result.code == 1
    assert f"{host} refused the key (401)" in result.err
    assert "Set ANTHROPIC_API_KEY to a valid key" in result.err
    assert [is_count(request) for request in server.received] == [True, False], "neither is sent again"


def test_no_network_is_a_sentence_after_as_many_sends_as_are_allowed(project):
    with socket.socket() as taken:  # bound and not listening: nobody else can listen there meanwhile
        taken.bind(("127.0.0.1", 0))
        project.settings(limits={"sends": 2})
        project.environment |= environment(f"http://127.0.0.1:{taken.getsockname()[1]}")
        result = run_epic(project)
    assert result.code == 1
    assert "refuses connections. It was sent 2 times." in result.err
    assert "Check that a server runs there, and ANTHROPIC_BASE_URL." in result.err
    assert "Sending again in" in result.out


def test_a_worker_whose_key_is_refused_leaves_what_was_merged(project):
    def respond(request: Received) -> Answer:
        if "Ticket: two" in json.dumps(request.body):
            return json_error(401, "authentication_error", "revoked")
        return model(request)

    project.settings(limits={"attempts": 2})
    one, two = (TicketSpec.model_validate(one) for one in TICKETS)
    track = project.track(one, two, ticket("three", depends_on=("two",)))
    with LoopbackServer(respond) as server:
        project.environment |= environment(server.base_url)
        named = ("--project", project.folder, "--track", track, "--mode", "auto", "--unsandboxed")
        result = project.slop("run", *named)
    assert result.code == 1
    assert "one #2 done" in result.out
    assert re.search(r"two blocked: \S+ refused the key \(401\): revoked", result.out)
    assert "three blocked: It needs two, which is blocked." in result.out
    assert "What was merged is on the branch slop/" in result.out
