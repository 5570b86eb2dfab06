"""The application, with a window or without, that stays until it is told to quit: what the socket's tests drive."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from simulation_support import WAIT_S, Project, turn

from slop_qt.automation import Client

Kind = Literal["headless", "window"]
KINDS: tuple[Kind, ...] = ("headless", "window")
_HANG = {"kind": "hang", "after_chunks": 1}


@contextmanager
def staying(kind: Kind, project: Project, *turns: dict[str, Any], **defaults: Any) -> Iterator[Client]:
    """A client of the application, whose scripted provider has these turns.

    Without a window it stays as long as the planning that it was started for: a Tier 1 that begins to think, and hangs.
    The first turn of `turns` for Tier 1 is then somebody else's, so it may be asked for as well: once it hangs.
    """
    hanging = turn(1, track="nobody", text="Never asked.")
    first = [dict(one) for one in turns]
    for one in first:
        if kind == "headless" and one["tier"] == 1:
            one |= {"fault": _HANG, "thinking": one.get("thinking", ".")}
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
        yield client
        client.call("app.quit")
        assert application.result().code == 0
