"""Streams as MCP resources: an agent follows one while it grows, by MCP as it is and as it was."""

import asyncio
import json
from typing import Any

import pytest
from mcp import Client, MCPError
from mcp.client.subscriptions import ResourcesListChanged, ResourceUpdated
from mcp_support import agent, ask, text_of
from mcp_types import ResourceListChangedNotification, ResourceUpdatedNotification
from simulation_support import Project, finish, ticket, turn, write_file
from staying import staying

WRITER = "Tier 3: T-001"
STATUS = "slop-qt://status"


@pytest.mark.filterwarnings("ignore:resources/(un)?subscribe is removed")  # it is what earlier revisions have
async def test_a_stream_is_followed_to_its_last_word_by_old_clients_and_new_ones(project: Project) -> None:
    """The stream grows by a turn with each approval, so that each turn is one change at least."""
    track = project.track(ticket("T-001"), title="Walls")
    words = ["First I look. 🦉", " Then I write.", " Now it is done."]
    turns = [
        turn(3, write_file("T-001", "draft\n"), text=words[0], ticket="T-001", turn=1),
        turn(3, write_file("T-001"), text=words[1], ticket="T-001", turn=2),
        turn(3, finish(), text=words[2], ticket="T-001", turn=3),
    ]
    told: asyncio.Queue[Any] = asyncio.Queue()
    where = ("--socket", project.socket)
    with staying("headless", project, *turns):
        async with (
            agent(project, *where) as new,
            agent(project, *where, mode="legacy", message_handler=told.put) as old,
        ):
            assert (new.protocol_version, old.protocol_version) == ("2026-07-28", "2025-11-25")
            for client in (new, old):
                resources = client.server_capabilities.resources
                assert (resources.subscribe, resources.list_changed) == (True, True)
                (template,) = (await client.list_resource_templates()).resource_templates
                assert template.uri_template == "slop-qt://runs/{run_id}/streams/{stream_id}"
            await old.list_resources()
            async with new.listen(resources_list_changed=True) as changes:
                run = (await ask(new, "run_start", track_id=track, mode="ask"))["run_id"]
                await approve_next(new, run)  # that it is started at all
                listed = await first_listed(new, changes)
            assert listed[WRITER] == f"slop-qt://runs/{run}/streams/Tier%203%3A%20T-001"
            await first_of(told, ResourceListChangedNotification)
            assert (await old.list_resources()).resources[-1].uri == listed[WRITER]

            loose = listed[WRITER].replace("%3A", ":")  # as other libraries write it
            await old.session.subscribe_resource(listed[WRITER])
            async with new.listen(resource_subscriptions=[loose, STATUS]) as changes:
                read: asyncio.Queue[str] = asyncio.Queue()
                following = asyncio.create_task(follow(new, changes, loose, "".join(words), read))
                await approve_next(new, run)
                grown = await first_with(read, words[1])  # told while the next approval waits
                await approve_until_it_ends(new, run)
                await following
            assert grown == words[0] + words[1]
            assert await first_with(read, words[2]) == "".join(words)
            while await text_of(old, listed[WRITER]) != "".join(words):
                assert (await first_of(told, ResourceUpdatedNotification)).params.uri == listed[WRITER]
            status = await ask(new, "mma_status", run_id=run)
            assert {uri: await text_of(new, uri) for uri in listed.values()} == {
                uri: status["mma_streams"][stream_id] for stream_id, uri in listed.items()
            }
            await old.session.unsubscribe_resource(listed[WRITER])
            await what_is_not_there_is_said_to_be_missing(new, run)


async def first_listed(client: Client, changes: Any) -> dict[str, str]:
    """The streams' addresses by their ids, as soon as the worker has one."""
    async for change in changes:
        assert change == ResourcesListChanged()
        listed = {each.name: each.uri for each in (await client.list_resources()).resources}
        if listed.pop("status") == STATUS and WRITER in listed:
            return listed
    raise AssertionError("the subscription ended")


async def first_of(told: asyncio.Queue[Any], kind: type) -> Any:
    async with asyncio.timeout(60):
        while not isinstance(message := await told.get(), kind):
            pass
    return message


async def first_with(read: asyncio.Queue[str], words: str) -> str:
    async with asyncio.timeout(60):
        while not (text := await read.get()).endswith(words):
            pass
    return text


async def follow(client: Client, changes: Any, uri: str, to_the_end: str, read: asyncio.Queue[str]) -> None:
    """Put what is read after each change there: each goes on from the one before. The status is told of, too."""
    text, others = "", set()
    async for change in changes:
        assert isinstance(change, ResourceUpdated)
        if change.uri == uri:
            before, text = text, await text_of(client, uri)
            assert text.startswith(before)
            read.put_nowait(text)
        else:
            others.add(change.uri)
        if text == to_the_end and others:
            break
    assert others == {STATUS}


async def approve_next(client: Client, run: str) -> None:
    """Approve what the run asks next, if it does not end instead."""
    page = await ask(client, "mma_status", run_id=run)
    while not (asked := page["pending_approvals"]) and page["status"] == "running":
        await ask(client, "events_read", kinds=["approval_requested", "run_ended"], wait_s=0.2)
        page = await ask(client, "mma_status", run_id=run)
    for approval in asked:
        await ask(client, "approvals_resolve", id=approval["id"], decision="approve")


async def approve_until_it_ends(client: Client, run: str) -> None:
    async with asyncio.timeout(90):
        while (await ask(client, "mma_status", run_id=run))["status"] == "running":
            await approve_next(client, run)
    ended = await ask(client, "mma_status", run_id=run)
    assert ended["status"] == "done", ended["tickets"][0]["reason"]


async def what_is_not_there_is_said_to_be_missing(client: Client, run: str) -> None:
    for uri, code in (("slop-qt://nothing", -32001), (f"slop-qt://runs/{run}/streams/Tier%209", -32001)):
        with pytest.raises(MCPError) as missing:
            await client.read_resource(uri)
        assert missing.value.error.code == -32602
        assert missing.value.error.data["uri"] == uri and missing.value.error.data["code"] == code


async def test_a_subscription_outlives_the_application(project: Project) -> None:
    where = ("--socket", project.socket)
    seen: list[str] = []
    async with agent(project, *where) as client, client.listen(resource_subscriptions=[STATUS]) as changes:
        while len(seen) < 2:
            with staying("headless", project):
                async for _ in changes:  # some may still be of the application before
                    status = json.loads(await text_of(client, STATUS))
                    if status["status"] == "planning" and status["run_id"] not in seen:
                        seen.append(status["run_id"])
                        break
