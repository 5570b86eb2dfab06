"""The application, with a window or without, that stays until it is told to quit: what the socket's tests drive."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

from simulation_support import WAIT_S, Application, Project, turn, until

from slop_qt.automation import Client
from slop_qt.core.errors import NotFoundError, NotPossibleError, SlopError

Kind = Literal["headless", "window"]
KINDS: tuple[Kind, ...] = ("headless", "window")
_HANG = {"kind": "hang", "after_chunks": 1}


@contextmanager
def opened(
    kind: Kind, project: Project, *turns: dict[str, Any], **defaults: Any
) -> Iterator[tuple[Application, Client]]:
    """The application and a client of it, whose scripted provider has these turns. Whoever asks for it ends it.

    Without a window it stays as long as the planning that it was started for: a Tier 1 that begins to think, and hangs.
    The first turn of `turns` for Tier 1 is then somebody else's, so it may be asked for as well: once it hangs, or has
    the fault that it says. What fails while a window is open says how late its thread was.
    """
    hanging = turn(1, track="nobody", text="Never asked.")
    first = [dict(one) for one in turns]
    for one in first:
        if kind == "headless" and one["tier"] == 1:
            one |= {"fault": one.get("fault", _HANG), "thinking": one.get("thinking", ".")}
            break
    else:
        hanging = turn(1, fault=_HANG, thinking=".")
    scenario = project.scenario(*first, hanging, **defaults)
    common = (f"--automation={project.socket}", "--scenario", scenario, "--unsandboxed")
    command = ("plan", "--project", project.folder, "--epic", "Stay") if kind == "headless" else (project.folder,)
    with project.start(*command, *common) as application, application.client() as client:
        if kind == "headless":
            next(client.subscribe(["thinking"], from_seq=0, timeout_s=WAIT_S))  # that of the planning that keeps it
            client.unsubscribe()
        else:
            until(lambda: _stands(client), "the window")
        try:
            yield application, client
        except BaseException as failure:
            with suppress(SlopError):  # it may be gone, and without a window there is no such thread
                failure.add_note(f"How late the window's thread was: {json.dumps(client.call('gui.stalls'))}")
            raise


def _stands(client: Client) -> bool:
    """The socket answers a little before the window can be used."""
    try:
        return bool(client.call("gui.get", name="window", property="visible")["value"])
    except (NotFoundError, NotPossibleError):
        return False


@contextmanager
def staying(kind: Kind, project: Project, *turns: dict[str, Any], **defaults: Any) -> Iterator[Client]:
    """As `opened`, and told to quit at the end."""
    with opened(kind, project, *turns, **defaults) as (application, client):
        yield client
        client.call("app.quit")
        assert application.result().code == 0
