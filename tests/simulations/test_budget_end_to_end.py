"""A run that meets its limit: nothing more is sent, somebody raises it over the socket or nobody can. It adds up."""

import json
import re

import pytest
from anthropic_dialect import stream_answer
from dialect import CANARY_KEY
from loopback import Answer, LoopbackServer, Received
from simulation_support import finish, ticket, turn, until, write_file

# What the server says of each response, and what that costs at the price of claude-haiku-4-5.
USED = {"input_tokens": 100, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 7, "output_tokens": 1}
COST_USD = (100 + 0.1 * 30 + 1.25 * 7 + 5 * 20) / 1_000_000


def model(request: Received) -> Answer:
    """Writes the ticket's file, and then finishes."""
    if request.path.endswith("/count_tokens"):
        return Answer([b'{"input_tokens": 137}'], headers={"content-type": "application/json"})
    named = re.search(r"Ticket: ([A-Z])", json.dumps(request.body["messages"][0]))
    assert named is not None
    call = finish() if len(request.body["messages"]) > 1 else write_file(named[1])
    tool = ("toolu_1", call["name"], [json.dumps(call["input"])])
    return stream_answer(tools=[tool], usage=USED, final_usage={"output_tokens": 20})


def test_a_run_that_meets_its_limit_is_raised_over_the_socket_and_ends_done(project):
    project.settings(limits={"max_output_tokens": 20}, rules=[{"action": "allow", "kind": "merge"}])
    track = project.track(*(ticket(name) for name in "ABCD"))
    with LoopbackServer(model) as server:
        project.environment |= {"ANTHROPIC_BASE_URL": server.base_url, "ANTHROPIC_API_KEY": CANARY_KEY}
        named = ("run", "--project", project.folder, "--track", track, "--provider", "anthropic", "--mode", "edits")
        budget = ("--budget-usd", "0.001", f"--automation={project.socket}")
        with project.start(*named, *budget) as application, application.client() as client:
            until(lambda: client.get_mma_status()["status"] == "paused", "a run that is paused")

            def answered() -> int:
                return sum(not request.path.endswith("/count_tokens") for request in server.received)

            def added_up() -> bool:
                return client.get_mma_status()["cost_usd"] == pytest.approx(answered() * COST_USD)

            until(added_up, "what was answered last to be counted")
            status = client.get_mma_status()
            assert 0.0006 < status["cost_usd"] <= status["budget_usd"] == 0.001
            waiting = [one["reason"] for one in status["tickets"] if "budget" in str(one["reason"])]
            assert waiting and all("this request may cost up to 0.00030 USD" in reason for reason in waiting)
            client.call("run.resume", budget_usd=0.0025)
            ended = client.wait_run(status["run_id"])
            assert (ended["status"], {one["status"] for one in ended["tickets"]}) == ("done", {"done"})
            total = client.call("usage.stats", run_id=status["run_id"])["total"]
            assert ended["budget_usd"] == 0.0025
            assert total["cost_usd"] == pytest.approx(8 * COST_USD) and total["cost_usd"] <= 0.0025
            result = application.result()
    assert result.code == 0
    assert "The budget does not cover the next request of Tier 3: " in result.out


def test_without_anybody_the_run_ends_and_names_the_option(project):
    project.scenario(
        *(
            turn(3, write_file(f"T{number}"), finish(), ticket=f"T{number}", text="x" * 400, fault=fault)
            for number in range(16)
            for fault in [{"kind": "disconnect" if number % 3 else "rate_limit", "after_chunks": number % 5}]
        ),
        chunk_chars=40,
    )
    project.settings(limits={"max_output_tokens": 300})
    track = project.track(*(ticket(f"T{number}") for number in range(16)))
    result = project.run(track, "--workers", "16", "--budget-tokens", "30000", "--json")
    assert result.code == 1
    used = [event["usage"] for event in result.events if event["kind"] == "usage"]
    assert 15_000 < sum(one["input_tokens"] + one["output_tokens"] for one in used) <= 30_000
    assert "of 30,000 tokens are left for this run" in result.err
    assert "--budget-tokens" in result.err
    assert "is paused, and nobody is there to resume it: it ends." in result.err
    (ended,) = [event for event in result.events if event["kind"] == "run_ended"]
    assert ended["status"] == "cancelled"
