"""Another agent drives and tests the application through `slop-qt mcp`, with the MCP SDK's own client."""

import asyncio
import base64
import contextlib
import json
from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp_support import agent, ask, refused
from simulation_support import Project, finish, ticket, turn, until, write_file
from staying import staying

from slop_qt.automation.protocol import MAX_REQUEST_BYTES
from slop_qt.mma.commands import ALL_COMMANDS

ON_SOCKET = [command for command in ALL_COMMANDS if command.on_socket]
PNG = b"\x89PNG\r\n\x1a\n"


def as_tools(*scopes: str) -> set[str]:
    return {command.name.replace(".", "_") for command in ON_SOCKET if command.scope in scopes} | {"events_read"}


async def approve_all(client: Client, run_id: str) -> list[dict]:
    """Approve whatever a run asks, as its events tell, until it ends. Its events."""
    seen, next_seq = [], 0
    while not any(event["kind"] == "run_ended" and event["run_id"] == run_id for event in seen):
        page = await ask(client, "events_read", from_seq=next_seq, limit=50, wait_s=20)
        for event in page["events"]:
            if event["kind"] == "approval_requested":
                await ask(client, "approvals_resolve", id=event["approval"]["id"], decision="approve")
        seen += page["events"]
        next_seq = page["next_seq"]
    return [event for event in seen if event["run_id"] == run_id]


async def test_an_agent_plans_runs_and_reads_everything_without_a_window(project: Project) -> None:
    track = project.track(ticket("T-000"), title="Walls")
    long = project.track(title="Roof")
    (project.folder / "conductor" / "tracks" / long / "spec.md").write_text("At length.\n" * 500_000)
    turns = [turn(3, write_file("T-001"), finish(), text="I write.", ticket="T-001")]
    with staying("headless", project, *turns):
        async with agent(project, "--socket", project.socket) as client:
            await the_tools_are_those_of_the_registry(client)
            assert len((await ask(client, "track_show", track_id=long))["spec"]) > MAX_REQUEST_BYTES
            planned = ticket("T-001").model_dump(mode="json") | {"status": "pending", "reason": None, "attempt": 0}
            await ask(client, "track_set_tickets", track_id=track, tickets=[planned])
            run = (await ask(client, "run_start", track_id=track, mode="ask"))["run_id"]
            events = await approve_all(client, run)
            assert [event["seq"] for event in events] == sorted({event["seq"] for event in events})
            assert (await ask(client, "run_wait", run_id=run, timeout_s=0))["status"] == "done"
            assert "+done" in (await ask(client, "run_diff", run_id=run))["diff"]
            await every_reading_tool_answers_what_it_says(client, track, run)
            await failures_say_what_to_do(client, run)
            commit = (await ask(client, "run_apply", run_id=run))["commit"]
            project.git("merge-base", "--is-ancestor", commit, "main")
    assert (project.folder / "T-001.txt").read_text() == "done\n"


async def the_tools_are_those_of_the_registry(client: Client) -> None:
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == as_tools("observe", "control")
    for command in ON_SOCKET:
        tool = tools[command.name.replace(".", "_")]
        assert (tool.title, tool.annotations.read_only_hint) == (command.name, command.scope == "observe")
        assert tool.input_schema == command.params.model_json_schema()
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema["type"] == "object"
    destructive = {name for name, tool in tools.items() if tool.annotations.destructive_hint}
    assert {"app_quit", "run_apply", "run_cancel", "gui_click"} <= destructive
    assert not destructive & {"run_start", "mma_status"}
    assert "run_wait" in client.instructions


async def every_reading_tool_answers_what_it_says(client: Client, track: str, run: str) -> None:
    stream = "Tier 3: T-001"
    arguments = {
        "track_show": {"track_id": track},
        "stream_read": {"run_id": run, "stream_id": stream},
        "context_report": {"run_id": run, "stream_id": stream},
        "events_read": {"from_seq": 0, "limit": 3},
    }
    for tool in sorted(as_tools("observe")):
        if tool.startswith("gui_"):
            code, words, _ = await refused(client, tool, **GUI_ARGUMENTS.get(tool, {}))
            assert code == -32003 and "There is no window" in words
            continue
        result = await client.call_tool(tool, arguments.get(tool, {"run_id": run} if takes_run(tool) else {}))
        assert not result.is_error, (tool, result.content)
        assert json.loads(result.content[0].text) == result.structured_content


GUI_ARGUMENTS = {
    "gui_get": {"name": "tracks.tree", "property": "rows"},
    "gui_wait": {"name": "tracks.tree", "property": "visible", "equals": True, "timeout_s": 20},
}


def takes_run(tool: str) -> bool:
    return any("run_id" in each.params.model_fields for each in ON_SOCKET if each.name.replace(".", "_") == tool)


async def failures_say_what_to_do(client: Client, run: str) -> None:
    code, words, _ = await refused(client, "run_diff", runid=run)
    assert code == -32602 and "Parameters that exist: run_id, ticket_id" in words
    code, words, _ = await refused(client, "events_read", kinds=["nonsense"])
    assert code == -32602 and "run_started" in words
    code, words, _ = await refused(client, "events_read", wait=1)
    assert code == -32602 and "Parameters that exist: kinds, from_seq, limit, wait_s" in words
    assert (await refused(client, "run_diff", run_id="nobody"))[0] == -32001
    assert (await refused(client, "run_resume", run_id=run))[0] in {-32002, -32003}
    code, words, _ = await refused(client, "track_set_tickets", track_id="x" * (5 << 20), tickets=[])
    assert code == -32602 and "MiB" in words
    runs = (await ask(client, "run_list"))["runs"]
    assert [(each["run_id"] == run, each["status"]) for each in runs] == [(True, "done"), (False, "planning")]
    code, _, result = await refused(client, "run_wait", run_id=runs[1]["run_id"], timeout_s=0)
    assert (code, result.structured_content["state"]["status"]) == (-32004, "planning")
    assert json.loads(result.content[1].text) == result.structured_content["state"]
    with pytest.raises(MCPError, match="There is no tool app_hello"):
        await client.call_tool("app_hello", {"token": "x"})


async def test_an_agent_looks_at_the_window_and_uses_it(project: Project, tmp_path: Path) -> None:
    project.track(ticket("T-001"), title="Walls")
    with staying("window", project):
        async with agent(project, "--socket", project.socket) as client:
            await ask(client, "gui_wait", **GUI_ARGUMENTS["gui_wait"])
            for tool in sorted(each for each in as_tools("observe") if each.startswith("gui_")):
                await ask(client, tool, **GUI_ARGUMENTS.get(tool, {}))
            await ask(client, "gui_select", name="tracks.tree", text="Walls")
            tree = await ask(client, "gui_tree", name="tracks.tree")
            assert tree["widgets"][0]["value"] == "Walls"
            shot = await client.call_tool("gui_screenshot", {})
            (picture,) = shot.content
            assert (picture.type, picture.mime_type, shot.structured_content) == ("image", "image/png", {})
            assert base64.b64decode(picture.data).startswith(PNG)
            path = tmp_path / "window.png"
            assert await ask(client, "gui_screenshot", path=str(path)) == {"path": str(path)}
    assert path.read_bytes().startswith(PNG)


async def test_who_may_only_observe_is_offered_nothing_else(project: Project) -> None:
    async with agent(project, "--automation-scope", "observe") as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == as_tools("observe")
        code, words, _ = await refused(client, "run_start", track_id="any")
        assert code == -32006 and "--automation-scope control" in words


def connections(pid: int) -> int:
    """How many clients an application has on its socket: what it has accepted bears its listener's name."""
    inodes = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            inodes.add(str(each.readlink()).removeprefix("socket:").strip("[]"))
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    return sum(row[5] == "03" and row[6] in inodes for row in rows if len(row) == 8)


async def until_connected(pid: int, count: int) -> None:
    await asyncio.to_thread(until, lambda: connections(pid) == count, f"{count} connections")


async def test_applications_come_and_go_and_what_waits_for_them_is_told(project: Project) -> None:
    project.track(ticket("T-001"), title="Walls")
    scenario = project.scenario(turn(1, track="nobody", text="Never asked."))
    window = (project.folder, "--automation", "--scenario", scenario)  # where clients look by themselves
    async with agent(project) as client:
        code, words, _ = await refused(client, "mma_status")
        assert code == -32005 and "Start slop-qt with --automation" in words
        assert [each.name for each in (await client.list_resources()).resources] == ["status"]
        with pytest.raises(MCPError, match="Start slop-qt with --automation"):
            await client.read_resource("slop-qt://status")

        with project.start(*window, "--automation-scope", "observe") as first:
            pid = await answering(client)
            assert pid == first.process.pid
            code, words, _ = await refused(client, "app_quit")
            assert code == -32006 and "this socket's scope" in words
            await many_wait_and_one_is_given_up(client, pid)
            waiting = asyncio.create_task(refused(client, "gui_wait", **never()))
            listening = asyncio.create_task(refused(client, "events_read", wait_s=600))
            await until_connected(pid, 2)
            first.process.terminate()
            assert first.result().code in {0, 130, 143}
            code, words, _ = await waiting
            assert code in {-32603, -32003}, words
            code, words, _ = await listening
            assert (code, "The next call finds another one" in words) == (-32603, True)
        assert (await refused(client, "mma_status"))[0] == -32005

        with project.start(*window) as second:
            assert await answering(client) == second.process.pid
            with project.start(*window, "--data-dir", project.home / "other") as third:
                token = project.home / "runtime" / "slop-qt" / f"{third.process.pid}.sock.token"
                until(token.exists, "a second application")
                assert await answering(client) == second.process.pid, "it stays with the one it has"
                await ask(client, "app_quit")
                assert second.result().code == 0
                assert await answering(client) == third.process.pid
                await ask(client, "app_quit")
                assert third.result().code == 0


def never() -> dict:
    return {"name": "nobody", "property": "text", "equals": "x"}


async def answering(client: Client) -> int:
    """The pid of the application that answers, as soon as one does."""
    async with asyncio.timeout(90):
        while (result := await client.call_tool("app_info", {})).is_error:
            assert result.structured_content["code"] in {-32005, -32603}
    return result.structured_content["pid"]


async def many_wait_and_one_is_given_up(client: Client, pid: int) -> None:
    await until_connected(pid, 0)
    calls = [asyncio.create_task(client.call_tool("gui_wait", never())) for _ in range(5)]
    await until_connected(pid, 5)
    assert await answering(client) == pid, "those that wait keep nobody from an answer"
    calls[0].cancel()
    await until_connected(pid, 4)  # the application was told to wait no more
    assert calls[0].cancelled() and not any(call.done() for call in calls[1:])
    for call in calls[1:]:
        call.cancel()
    await until_connected(pid, 0)
