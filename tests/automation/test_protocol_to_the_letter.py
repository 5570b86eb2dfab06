"""Every method, result, error code and event of the protocol, held against what a real application says."""

from typing import get_args

import pytest
from letter import APPROVAL_PAYLOADS, ERROR_CODES, EVENTS, METHODS
from protocol_refusals import REFUSALS, Kind, Refusal
from protocol_story import Heard, Refused, tell
from ruler import departures
from simulation_support import Project

from slop_qt.core import approvals
from slop_qt.core.approvals import ApprovalKind
from slop_qt.core.events import EVENT_KINDS, Fault, dump_event, parse_event
from slop_qt.mma.commands import ALL_COMMANDS
from slop_qt.qt.socket_commands import APP_HELLO, EVENTS_SUBSCRIBE, EVENTS_UNSUBSCRIBE

KINDS: tuple[Kind, ...] = get_args(Kind)
SERVED = {
    command.name: command
    for command in (APP_HELLO, EVENTS_SUBSCRIBE, EVENTS_UNSUBSCRIBE, *ALL_COMMANDS)
    if command.on_socket
}
ANSWERED = sorted(METHODS)


@pytest.fixture(scope="module")
def headless_story(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """The story without a window."""
    folder = tmp_path_factory.mktemp("headless")
    return tell("headless", Project(folder), folder)


@pytest.fixture(scope="module")
def window_story(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """The story with one."""
    folder = tmp_path_factory.mktemp("window")
    return tell("window", Project(folder), folder)


@pytest.fixture
def heard(kind: Kind, request: pytest.FixtureRequest) -> Heard:
    """The story of the test's kind: each is told once."""
    story: Heard = request.getfixturevalue(f"{kind}_story")
    return story


class TestTheTable:
    """What is written down is what the application has, name by name."""

    def test_every_method_is_served_and_none_besides(self) -> None:
        assert SERVED.keys() == METHODS.keys()

    @pytest.mark.parametrize("name", ANSWERED)
    def test_parameters_and_scope_are_the_written_ones(self, name: str) -> None:
        command, method = SERVED[name], METHODS[name]
        fields = command.params.model_fields
        assert fields.keys() == method.params.keys()
        assert {key for key, field in fields.items() if field.is_required()} == method.required.keys()
        assert (command.scope == "observe") == method.reads

    def test_the_kinds_of_events_and_approvals_are_the_written_ones(self) -> None:
        assert set(EVENT_KINDS) == EVENTS.keys()
        assert {kind.value for kind in ApprovalKind} == APPROVAL_PAYLOADS.keys()


@pytest.mark.parametrize("kind", KINDS)
class TestResults:
    """Every answer has exactly the fields that are written down, each of its type."""

    def test_of_every_method(self, heard: Heard, kind: Kind) -> None:
        called = {name for name in ANSWERED if kind == "window" or not name.startswith(("gui.", "project."))}
        assert {name for name, answers in heard.results.items() if answers} == called, "the story calls every method"
        wrong = [
            departure
            for name, answers in heard.results.items()
            for answer in answers
            for departure in departures(METHODS[name].result, answer, name)
        ]
        assert wrong == []

    def test_the_info_is_of_that_application(self, heard: Heard, kind: Kind) -> None:
        hello, info = heard.results["app.hello"][0], heard.results["app.info"][0]
        assert hello == info and info["headless"] == (kind == "headless")

    def test_a_run_that_waits_holds_every_kind_of_approval(self, heard: Heard, kind: Kind) -> None:
        statuses = heard.results["mma.status"]
        waited = [approval for status in statuses for approval in status["pending_approvals"]]
        assert {approval["kind"] for approval in waited} == APPROVAL_PAYLOADS.keys() - {"tool"}
        for approval in waited:
            assert departures(APPROVAL_PAYLOADS[approval["kind"]], approval["payload"], approval["kind"]) == []
            assert (approval["state"], approval["decision"], approval["by"]) == ("pending", None, None)

    def test_decisions_are_recorded_as_automations(self, heard: Heard, kind: Kind) -> None:
        decided = [answer["approval"] for answer in heard.results["approvals.resolve"]]
        assert {(one["decision"], one["state"]) for one in decided} == {
            ("approve", "approved"), ("edit", "approved"), ("reject", "rejected")
        }  # fmt: skip
        assert {one["by"] for one in decided} == {"automation"}

    def test_before_any_run_the_fields_of_a_status_are_empty(self, heard: Heard, kind: Kind) -> None:
        first = heard.results["mma.status"][0]
        if kind == "headless":
            assert (first["status"], first["track_id"]) == ("planning", None)
            return
        nothing = (None, None, None, [], {}, [], None)
        names = ("run_id", "track_id", "status", "tickets", "mma_streams", "pending_approvals", "budget_usd")
        assert tuple(first[name] for name in names) == nothing

    def test_the_run_time_fields_of_tickets_are_ignored_and_a_verify_left_out_is_null(
        self, heard: Heard, kind: Kind
    ) -> None:
        (written,) = heard.results["track.set_tickets"]
        assert [(one["status"], one["attempt"], one["reason"], one["verify"]) for one in written["tickets"]] == [
            ("pending", 0, None, None)
        ] * 2

    def test_runs_are_listed_newest_first(self, heard: Heard, kind: Kind) -> None:
        runs = heard.results["run.list"][-1]["runs"]
        assert [run["status"] for run in runs[:2]] == ["cancelled", heard.results["run.wait"][0]["status"]]
        assert runs == sorted(runs, key=lambda run: run["started_at"], reverse=True)

    def test_the_tokens_of_a_reports_parts_sum_to_what_is_used(self, heard: Heard, kind: Kind) -> None:
        report = heard.results["context.report"][0]
        assert sum(part["tokens"] for part in report["parts"]) == report["used_tokens"] > 0


@pytest.mark.parametrize("kind", KINDS)
class TestEvents:
    """Every event has exactly the fields that are written down."""

    def test_of_every_kind(self, heard: Heard, kind: Kind) -> None:
        events = heard.events
        for event in events:
            shape = {"seq": int, "kind": str, **EVENTS[event["kind"]]}
            said = {name: value for name, value in event.items() if name not in {"time", "run_id"}}
            assert departures(shape, said, event["kind"]) == []
            assert event["time"].endswith("Z") and departures(str, event["run_id"]) == []
        assert {event["kind"] for event in events} == EVENTS.keys(), "the story meets every kind"

    def test_come_in_the_journals_order_each_once(self, heard: Heard, kind: Kind) -> None:
        seqs = [event["seq"] for event in heard.events]
        assert seqs == sorted(set(seqs))

    def test_add_up_to_what_the_status_says(self, heard: Heard, kind: Kind) -> None:
        run = heard.ids["$run"]
        ended = heard.results["run.wait"][0]
        spoken: dict[str, str] = {}
        for event in heard.events:
            if event["run_id"] == run and event["kind"] == "worker_started":
                spoken.setdefault(event["stream_id"], "")
            if event["run_id"] == run and event["kind"] == "stream_text":
                spoken[event["stream_id"]] += event["text"]
        assert spoken == ended["mma_streams"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_is_refused_with_its_code(heard: Heard, kind: Kind) -> None:
    wrong = [
        f"{refusal}: {refused}"
        for refusal in REFUSALS
        if kind in refusal.kinds
        for refused in (heard.refused[refusal],)
        if not _is_as_it_says(heard, refusal, refused)
    ]
    assert wrong == []


def _is_as_it_says(heard: Heard, refusal: Refusal, refused: Refused) -> bool:
    said = f"{refused.message} {refused.data}"
    if refused.code != refusal.code or heard.filled(refusal.says) not in said:
        return False
    if refused.code == -32005:
        return bool(refused.data["hint"])
    if refused.code == -32004:
        return departures(METHODS[refusal.method].result, refused.data) == []
    return True


def test_what_no_run_can_show_has_its_shape_too() -> None:
    payload = approvals.ToolPayload(name="deploy", arguments={"to": ["a", 1]})
    assert departures(APPROVAL_PAYLOADS["tool"], payload.model_dump(mode="json")) == []
    fault = Fault(run_id="R-1", where="here", message="It broke.")
    assert parse_event(dump_event(fault)) == fault


@pytest.mark.parametrize("kind", KINDS)
def test_the_story_meets_every_code_that_can_be_provoked(heard: Heard, kind: Kind) -> None:
    met = {refused.code for refused in heard.refused.values()}
    assert met == ERROR_CODES - {-32700, -32600, -32603, -32006}, "the others are those of lines, faults and tokens"
