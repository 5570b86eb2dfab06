"""What a provider can cache: every request of an agent begins with all of the one before, and workers begin alike."""

import hashlib
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from agent_support import RecordingSink, Threads, agent_request, services, ticket
from dialect import Call, Reply
from dialects import DIALECTS
from loopback import Answer, LoopbackServer

from slop_qt.agents.context.files import FilesWanted
from slop_qt.agents.context.worker import worker_prompt
from slop_qt.agents.loop import run_agent
from slop_qt.core.settings import Limits, ModelChoice
from slop_qt.store.system_prompts import PromptFolder

TURNS = (
    Reply(
        thinking=("First I ", "look."),
        text=("Looking: ", "ä🙂"),
        calls=(
            Call("list_directory", ('{"path": "."}',), "call_1"),
            Call("read_file", ('{"path": "nowhere.txt", "first_line": 2}',), "call_2"),
        ),
    ),
    Reply(thinking=("Hm.",), calls=(Call("write_file", ('{"path": "src/a.py", "content": "x = 1\\n"}',), "call_3"),)),
    Reply(text=("Done.",), calls=(Call("finish_ticket", ('{"summary": "It is done."}',), "call_4"),)),
)


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def dialect(request):
    return request.param


async def bodies(dialect, root, work, ttl="5m"):
    """What an agent that does this work sends, turn by turn."""
    threads, sink = Threads(), RecordingSink()
    with LoopbackServer.saying(*(Answer(dialect.wire(turn).events) for turn in TURNS)) as server:
        provider = dialect.provider(server.base_url, threads)
        request = agent_request(
            root,
            ticket=work,
            choice=ModelChoice(provider=dialect.name, model=dialect.model),
            system=PromptFolder(root / "none").load().of(3),
            prompt=worker_prompt(FilesWanted(work, "t", root), [], None),
            limits=Limits(thinking_tokens=2000, cache_ttl=ttl, count_tokens=False),
        )
        outcome = await run_agent(request, services(sink, provider, threads))
    threads.close()
    assert outcome.error is None
    assert len(server.received) == len(TURNS)
    return [received.body for received in server.received]


def parts(body):
    """A request as the provider reads it: tools and system prompt, then the conversation; without marks for caching."""
    beginning = [body.get("tools"), body.get("system"), body.get("systemInstruction")]
    return [unmarked(part) for part in (beginning, *body.get("messages", []), *body.get("contents", []))]


def unmarked(value):
    if isinstance(value, dict):
        return {key: unmarked(inner) for key, inner in value.items() if key != "cache_control"}
    return [unmarked(inner) for inner in value] if isinstance(value, list) else value


def digest(some):
    """The order of keys counts: providers compare bytes."""
    return hashlib.sha256(json.dumps(some).encode()).hexdigest()


@pytest.mark.parametrize("ttl", ["5m", "1h"])
async def test_each_turn_begins_with_all_of_the_turn_before(dialect, tmp_path, ttl):
    turns = [parts(body) for body in await bodies(dialect, tmp_path, ticket(), ttl)]
    for before, after in itertools.pairwise(turns):
        assert len(after) > len(before)
        assert digest(after[: len(before)]) == digest(before)
    said = json.dumps(turns[-1], ensure_ascii=False)
    assert all(words in said for words in ("First I look.", "Looking: ä🙂", "nowhere.txt")), (
        "there was something to go on with"
    )


async def test_workers_of_a_run_begin_alike(dialect, tmp_path):
    beginnings, rest = [], []
    for name in ("one", "two"):
        root = tmp_path / name
        root.mkdir()
        for body in await bodies(dialect, root, ticket(name, brief=f"Do {name} at once.")):
            beginning, *conversation = parts(body)
            if "messages" in body and conversation[0]["role"] == "system":
                beginning.append(conversation.pop(0))
            beginnings.append(digest(beginning))
            rest.append(digest(conversation))
    assert len(set(beginnings)) == 1
    assert len(set(rest)) == len(rest)


async def test_only_what_is_asked_of_the_model_differs_outside_the_prefix(dialect, tmp_path):
    """A setting that changed between turns would change what is cached too, where a provider caches by settings."""
    for before, after in itertools.pairwise(await bodies(dialect, tmp_path, ticket())):
        settings = [
            {k: v for k, v in body.items() if k not in {"messages", "contents", "system"}} for body in (before, after)
        ]
        assert digest(settings[0]) == digest(settings[1])


PROGRAM = """
import hashlib, json
from pathlib import Path
from slop_qt.core.conversation import Message, ModelRequest, TextBlock, ToolResultBlock, ToolUseBlock
from slop_qt.providers import anthropic_request, gemini_request, openai_request
from slop_qt.store.system_prompts import PromptFolder
from slop_qt.tools.registry import ToolRegistry, default_tools

tools = ToolRegistry(default_tools())
call = Message("assistant", (ToolUseBlock("c", "read_file", {"path": "a", "first_line": 1, "b": {"d": 1, "c": 2}}),))
asked = (Message("user", (TextBlock("x"),)), call, Message("user", (ToolResultBlock("c", "fine"),)))
prompts = PromptFolder(Path("/nowhere")).load()
for tier in (1, 2, 3, 4):
    request = ModelRequest("m", prompts.of(tier), asked, tools.specs(tier), thinking_tokens=2000)
    for body in (
        anthropic_request.request_body(request),
        gemini_request.request_body(request),
        gemini_request.stable_body(request),
        openai_request.request_body(request, official=True),
    ):
        print(hashlib.sha256(json.dumps(body).encode()).hexdigest())
"""


def test_every_process_sends_the_same_bytes():
    def run(seed):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])}
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=environment)
        return done.stdout.split()

    first = run("1")
    assert len(set(first)) == 16
    assert run("2") == first
