"""`slop-qt mcp` as a process: what ends it, and that nothing but MCP is on its standard output."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

WAIT_S = 90
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen]:
    """The server, with no application to be found."""
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "slop_qt", "mcp"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, env=environment, **pipes) as started:
        yield started
        if started.poll() is None:
            started.kill()


def say(process: subprocess.Popen, line: dict | bytes) -> None:
    process.stdin.write(line if isinstance(line, bytes) else json.dumps(line).encode())
    process.stdin.write(b"\n")
    process.stdin.flush()


def test_it_ends_with_its_standard_input(process: subprocess.Popen) -> None:
    out, err = process.communicate(timeout=WAIT_S)
    assert (process.returncode, out, err) == (0, b"", b"")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_while_it_waits_for_the_next_request(
    process: subprocess.Popen, number: signal.Signals
) -> None:
    say(process, HELLO)
    assert json.loads(process.stdout.readline())["result"]["protocolVersion"] == "2025-06-18"
    process.send_signal(number)
    assert process.wait(WAIT_S) == 0, "standard input is still open"
    assert process.stderr.read() == b""


def test_a_client_that_died_in_a_call_ends_it(process: subprocess.Popen) -> None:
    say(process, HELLO)
    process.stdout.readline()
    process.stdout.close()
    say(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    say(process, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"})
    process.stdin.close()
    assert process.wait(WAIT_S) == 0
    assert process.stderr.read() == b""


def test_a_person_who_tries_it_in_a_terminal_is_told_what_it_is_for(tmp_path: Path) -> None:
    master, terminal = os.openpty()
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "slop_qt", "mcp"]
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, env=environment, stdin=terminal, **pipes) as started:
        said = started.stderr.readline()
        os.write(master, json.dumps(HELLO).encode() + b"\n")
        assert b'"serverInfo"' in started.stdout.readline()
        started.send_signal(signal.SIGINT)
        assert started.wait(WAIT_S) == 0
    os.close(master)
    os.close(terminal)
    assert b"an MCP client starts this" in said and b"docs/mcp.md" in said


WITHOUT_MCP = """
import sys
from slop_qt import automation, cli
try:
    cli.main(sys.argv[1:])
finally:
    assert not {"mcp", "mcp_types"} & set(sys.modules)
"""
WITHOUT_QT = """
import sys
from slop_qt.automation.mcp_face import stdio
from slop_qt.headless import mcp
assert not {"PySide6", "shiboken6"} & set(sys.modules)
"""


@pytest.mark.parametrize("script", [[WITHOUT_MCP, "--version"], [WITHOUT_MCP, "mcp", "--help"], [WITHOUT_QT]])
def test_only_who_serves_imports_mcp_and_serving_needs_no_qt(script: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", *script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_lines_that_are_no_requests_keep_nobody_from_an_answer_and_get_one_where_they_have_an_id(
    process: subprocess.Popen,
) -> None:
    say(process, HELLO)
    process.stdout.readline()
    for wrong in (b"nonsense", b"[1, 2]", b"\xff\xfe", b'{"jsonrpc": "2.0"}', b"", b"[" * 100_000):
        say(process, wrong)
    say(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
    half = {"name": "gui_type", "arguments": {"name": "x", "text": "\ud83e"}}
    say(process, {"jsonrpc": "2.0", "id": "half", "method": "tools/call", "params": half})
    say(process, {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": [1]})
    refusals = {answer["id"]: answer["error"] for answer in map(json.loads, islice(process.stdout, 2))}
    assert {name: error["code"] for name, error in refusals.items()} == {"half": -32700, 7: -32600}
    assert "half surrogate pairs" in refusals["half"]["message"]
    params = {"name": "app_info", "arguments": {}}
    say(process, {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params})
    for line in process.stdout:
        answer = json.loads(line)
        if answer.get("id") == 2:
            break
    assert answer["result"]["structuredContent"]["code"] == -32005
    assert "Start slop-qt with --automation" in answer["result"]["content"][0]["text"]
