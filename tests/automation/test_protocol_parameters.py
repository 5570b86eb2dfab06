"""Parameters of every method, and what the scope observe lets through, on real applications with a window."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from letter import METHODS, Method
from protocol_refusals import TICKETS
from protocol_story import Heard, kept_alive
from ruler import Mapping, departures
from simulation_support import Project

from slop_qt.core.errors import NotFoundError, WaitTimedOutError

CALLED = sorted(METHODS.keys() - {"app.hello"})  # which comes first, and says how it is refused


def wrong(shape: Any) -> Any:
    """A value that is not of the shape, nor can be taken for one."""
    return 7 if isinstance(shape, list | Mapping) else ["wrong"]


PLAUSIBLE: dict[str, Any] = {
    "text": "x",
    "path": "/nowhere",
    "track_id": "nowhere",
    "tickets": TICKETS,
    "stream_id": "Tier 1",
    "id": "nobody",
    "decision": "approve",
    "name": "tracks.tree",
    "keys": "Escape",
    "property": "text",
    "value": "x",
    "equals": "x",
}


def plausible(method: Method) -> dict[str, Any]:
    """Its required parameters, each of its type."""
    return {name: PLAUSIBLE[name] for name in method.required}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    """An application with a window, without a key, a scenario or leave to go without a sandbox."""
    project = Project(tmp_path_factory.mktemp("asked"))
    project.track()
    with kept_alive("window", project) as (application, client):
        yield Heard(client)
        client.call("app.quit")
        assert application.result().code == 0


class TestParameters:
    """By name only, and only those that are written down."""

    def test_unknown_ones_are_refused_with_those_that_exist(self, asked: Heard) -> None:
        for name in CALLED:
            refused = asked.attempt(name, {**plausible(METHODS[name]), "colour": "red"})
            assert refused.code == -32602 and "colour" in refused.message, name
            named = refused.message.rpartition("Parameters that exist: ")[2].rstrip(".").split(", ")
            assert set(named) == set(METHODS[name].params or ["none"]), name

    def test_those_that_are_left_out_are_named(self, asked: Heard) -> None:
        for name in CALLED:
            given = plausible(METHODS[name])
            for left_out in given:
                refused = asked.attempt(name, {key: value for key, value in given.items() if key != left_out})
                assert refused.code == -32602 and left_out in refused.message, f"{name} without {left_out}"

    def test_those_of_a_wrong_type_are_named(self, asked: Heard) -> None:
        for name in CALLED:
            method = METHODS[name]
            for spoilt, shape in method.params.items():
                if shape is not object:
                    refused = asked.attempt(name, {**plausible(method), spoilt: wrong(shape)})
                    assert refused.code == -32602 and spoilt in refused.message, f"{name} with a wrong {spoilt}"

    @pytest.mark.parametrize(
        ("method", "params"), [("epic.plan", {"text": "x"}), ("track.plan", {}), ("run.start", {})]
    )
    def test_without_a_provider_planning_and_running_say_what_to_do(
        self, asked: Heard, method: str, params: dict[str, Any]
    ) -> None:
        if not params:
            track = asked.client.call("track.list")["tracks"][0]["id"]
            asked.client.call("track.set_tickets", track_id=track, tickets=TICKETS)
            params = {"track_id": track}
        refused = asked.attempt(method, params)
        assert refused.code == -32005 and refused.data["hint"]

    def test_mode_auto_without_a_sandbox_is_not_possible(self, asked: Heard) -> None:
        track = asked.client.call("track.list")["tracks"][0]["id"]
        asked.client.call("track.set_tickets", track_id=track, tickets=TICKETS)
        refused = asked.attempt("run.start", {"track_id": track, "mode": "auto"})
        assert refused.code == -32003 and "--unsandboxed" in str(refused.data)


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    """An application with a window whose socket may only observe: its end comes from elsewhere."""
    project = Project(tmp_path_factory.mktemp("observed"))
    project.track()
    with kept_alive("window", project, "--automation-scope", "observe") as (application, client):
        yield Heard(client)
        application.interrupt()
        application.result()


class TestScopeObserve:
    """It answers what reads, and changes nothing."""

    def test_what_changes_something_is_not_authorised(self, observed: Heard) -> None:
        before = (observed.client.call("track.list"), observed.client.call("events.subscribe"))
        for name in CALLED:
            if not METHODS[name].reads:
                refused = observed.attempt(name, plausible(METHODS[name]))
                assert refused.code == -32006 and name in refused.message
                assert "--automation-scope control" in refused.data["hint"]
        assert (observed.client.call("track.list"), observed.client.call("events.subscribe")) == before

    def test_what_reads_is_answered(self, observed: Heard) -> None:
        answered = set()
        for name in CALLED:
            if not METHODS[name].reads:
                continue
            params = {**plausible(METHODS[name]), **({"timeout_s": 0} if "timeout_s" in METHODS[name].params else {})}
            with suppress(NotFoundError, WaitTimedOutError):  # there was no run
                answer = observed.client.call(name, **params)
                assert departures(METHODS[name].result, answer, name) == []
                answered.add(name)
        assert answered >= {"app.info", "track.list", "run.list", "mma.status", "approvals.list", "gui.tree", "gui.get"}
