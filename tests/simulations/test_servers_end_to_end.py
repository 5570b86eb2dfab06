"""Servers of the settings, presets and keys of the keyring, as a whole run in a process of its own meets them."""

import json
from pathlib import Path
from typing import Any

import pytest
from dialect import CANARY_KEY, Call, Counts, Reply
from loopback import Answer, LoopbackServer, Received
from openai_dialect import OpenAIDialect
from simulation_support import Project, Result, finish, ticket, write_file

MODEL = "some-model"
CHOICE = {"provider": "box", "model": MODEL}


def called(call: dict[str, Any]) -> Answer:
    """An answer that makes this call."""
    reply = Reply(text=("So.",), calls=(Call(call["name"], (json.dumps(call["input"]),)),), counts=Counts(10, 20))
    return Answer(OpenAIDialect().wire(reply).events)


def model(request: Received) -> Answer:
    """A worker that writes its file and finishes."""
    return called(finish() if len(request.body["messages"]) > 2 else write_file("one"))


def with_box(project: Project, base_url: str, **server: str) -> str:
    """A track of one ticket, and a server called box in the settings."""
    project.settings(servers={"box": {"base_url": f"{base_url}/v1", **server}})
    return project.track(ticket("one", verify="grep done one.txt"))


def run(project: Project, track: str, *arguments: str) -> Result:
    return project.slop(
        "run", "--project", project.folder, "--track", track, "--mode", "auto", "--unsandboxed", "--json", *arguments
    )


def files_with_the_key(project: Project, *but: Path) -> list[Path]:
    kept = [path for path in project.home.rglob("*") if path.is_file() and path not in but]
    return [path for path in kept if CANARY_KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize("arguments", [("--provider", "box", "--model", MODEL), ("--tier", f"3=box:{MODEL}")])
def test_a_server_of_the_settings_works_under_its_own_name(project: Project, arguments: tuple[str, ...]) -> None:
    with LoopbackServer(model) as server:
        track = with_box(project, server.base_url, key_variable="BOX_KEY")
        project.environment |= {"BOX_KEY": CANARY_KEY, "ANTHROPIC_API_KEY": "for-tier-4"}
        result = run(project, track, *arguments, "--log-level", "debug")
    assert (result.code, result.err) == (0, "")
    (started,) = [event for event in result.events if event["kind"] == "worker_started"]
    assert (started["provider"], started["model"]) == ("box", MODEL)
    used = [event["usage"] for event in result.events if event["kind"] == "usage"]
    assert [one["cost_usd"] for one in used] == [None, None], "nobody knows this address's prices"
    assert {request.headers["authorization"] for request in server.received} == {f"Bearer {CANARY_KEY}"}
    assert files_with_the_key(project) == [] and CANARY_KEY not in result.out


def test_a_key_of_the_keyring_opens_a_server_and_is_nowhere_else(project: Project) -> None:
    kept = project.home / "keyring.json"
    kept.write_text(json.dumps({"box": CANARY_KEY}))
    backend = {"PYTHON_KEYRING_BACKEND": "tests.file_keyring.FileKeyring", "KEYRING_FILE": str(kept)}
    with LoopbackServer(model) as server:
        track = with_box(project, server.base_url)
        project.environment |= {**backend, "ANTHROPIC_API_KEY": "for-tier-4"}
        result = run(project, track, "--tier", f"3=box:{MODEL}", "--log-level", "debug")
    assert (result.code, result.err) == (0, "")
    assert {request.headers["authorization"] for request in server.received} == {f"Bearer {CANARY_KEY}"}
    assert files_with_the_key(project, kept) == [] and CANARY_KEY not in result.out


def test_a_server_that_wants_a_key_says_which(project: Project) -> None:
    with LoopbackServer(model) as server:
        track = with_box(project, server.base_url, key_variable="BOX_KEY")
        project.environment["ANTHROPIC_API_KEY"] = "for-tier-4"
        result = run(project, track, "--tier", f"3=box:{MODEL}")
        assert server.received == []
    assert result.code == 3
    assert "Tier 3 cannot be asked: There is no key for box." in result.err
    assert "BOX_KEY" in result.err and "no keyring" in result.err


def test_a_refused_key_names_the_servers_own_variable(project: Project) -> None:
    refusal = OpenAIDialect().bad_key(f"bad {CANARY_KEY}")
    with LoopbackServer.saying(refusal) as server:
        track = with_box(project, server.base_url, key_variable="BOX_KEY")
        project.environment |= {"BOX_KEY": CANARY_KEY, "ANTHROPIC_API_KEY": "for-tier-4"}
        result = run(project, track, "--tier", f"3=box:{MODEL}")
    assert result.code == 1
    assert "Set BOX_KEY to a valid key" in result.out and CANARY_KEY not in result.out
    assert "OPENAI_API_KEY" not in result.out + result.err
