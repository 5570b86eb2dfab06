"""Settings that change in the middle of a run: for the agents that start from then on, and for nothing else."""

from collections.abc import Awaitable, Callable

from cockpit import Cockpit, mend, mends

from slop_qt.core.events import Event
from slop_qt.core.settings import ModelChoice

OpenCockpit = Callable[..., Awaitable[Cockpit]]


async def test_agents_that_start_after_a_change_go_by_it(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a"), mends("b"))
    other = ModelChoice(provider="scripted", model="another")

    def change(event: Event) -> None:
        if event.kind == "worker_started" and event.ticket_id == "A":  # type: ignore[attr-defined]
            cockpit.parts.preferences.save(tiers={3: other}, cache_ttl="1h")

    cockpit.sink.on_event = change
    run = await cockpit.run(mend("a"), mend("b", "A"), workers=2)
    assert run.status == "done"
    started = {event.ticket_id: event.model for event in cockpit.of("worker_started")}
    assert started == {"A": "model-3", "B": "another"}
    sent = {(request.caller.ticket, request.model) for request in cockpit.provider.requests}
    assert sent == {("A", "model-3"), ("B", "another")}, "one that works already keeps its model"
    assert (run.mode, run.workers) == (cockpit.settings.mode, 2)
    assert cockpit.parts.settings.limits.cache_ttl == "1h"
