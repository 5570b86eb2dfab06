"""One run from epic to end as a list of events by hand, for tests that look at the window."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from slop_qt.core import events as ev
from slop_qt.core.approvals import (
    Approval,
    ApprovalKind,
    ApprovalState,
    CommandPayload,
    DecidedBy,
    EditPayload,
    MergePayload,
    Mode,
    QuestionPayload,
    SpawnPayload,
)
from slop_qt.core.context import CacheReport, ContextPart, ContextReport
from slop_qt.core.tickets import Ticket, TicketSpec, TicketStatus
from slop_qt.core.usage import Usage

TRACK = "finish_pocketbook_20261122"
RUN = "20261122-211503-7f3a"
PLANNING = "20261122-211201-1c9e"
SPEC_TEXT = "# Finish pocketbook\n\nAmounts, journals, accounts, dates, tables and the report each lack something."
PLAN_TEXT = """# Plan

## Phase 1: Read [checkpoint: 07d6cc7]

- [x] Task: Parse amounts 89ffc7b
    - [x] A comma is a decimal point 89ffc7b
    - [ ] Negative amounts
- [~] Task: Split amounts without losing cents
- [ ] Task: Read entries

## Phase 2: Print

- [ ] Task: Align table columns
- [ ] Task: Print the balance report
"""

_DIFF_LINES = (
    "diff --git a/pocketbook/money.py b/pocketbook/money.py",
    "index 3b18e51..a5c1966 100644",
    "--- a/pocketbook/money.py",
    "+++ b/pocketbook/money.py",
    "@@ -14,9 +14,15 @@ class Money:",
    "     cents: int",
    '     currency: str = "EUR"',
    " ",
    "-    @classmethod",
    '-    def parse(cls, text: str) -> "Money":',
    "-        raise NotImplementedError",
    "+    @classmethod",
    '+    def parse(cls, text: str) -> "Money":',
    '+        """`12.50 EUR` as money; a comma is a decimal point too."""',
    "+        match = _AMOUNT.fullmatch(text.strip())",
    "+        if match is None:",
    '+            raise ValueError(f"{text!r} is no amount")',
    "+        whole, fraction, currency = match.groups()",
    '+        cents = int(whole) * 100 + int((fraction or "0").ljust(2, "0"))',
    '+        return cls(cents, currency or "EUR")',
    " ",
    '     def __add__(self, other: "Money") -> "Money":',
    "         if self.currency != other.currency:",
    "diff --git a/tests/test_money.py b/tests/test_money.py",
    "index 1111111..2222222 100644",
    "--- a/tests/test_money.py",
    "+++ b/tests/test_money.py",
    "@@ -3,3 +3,6 @@ import unittest",
    " ",
    " class ParseTest(unittest.TestCase):",
    "     pass",
    "+",
    "+    def test_a_comma_is_a_decimal_point(self):",
    '+        self.assertEqual(Money.parse("12,50").cents, 1250)',
    "",
)
DIFF = "\n".join(_DIFF_LINES)

_SPECS = (
    ("T-001", "Parse amounts", ("pocketbook/money.py",), (), "python -m unittest tests.test_money.ParseTest -v"),
    (
        "T-002",
        "Split amounts without losing cents",
        ("pocketbook/money.py",),
        (),
        "python -m unittest tests.test_money",
    ),
    (
        "T-003",
        "Read journal entries",
        ("pocketbook/entries.py",),
        ("T-001",),
        "python -m unittest tests.test_entries -v",
    ),
    ("T-004", "Add up balances by account", ("pocketbook/balances.py",), ("T-003",), "python -m unittest"),
    ("T-005", "Monthly schedules that end in short months", ("pocketbook/schedule.py",), (), "python -m unittest"),
    ("T-006", "Align table columns", ("pocketbook/table.py",), (), "python -m unittest tests.test_table -v"),
    ("T-007", "Print the balance report", ("pocketbook/report.py",), ("T-002", "T-004", "T-006"), "python -m unittest"),
)


def specs() -> tuple[TicketSpec, ...]:
    return tuple(
        TicketSpec(id=name, title=title, brief=f"{title}.", files=files, depends_on=needs, verify=verify)
        for name, title, files, needs, verify in _SPECS
    )


def planned() -> tuple[Ticket, ...]:
    return tuple(Ticket(**spec.model_dump()) for spec in specs())


class Clock:
    """Times that go forward, and end about now."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC) - timedelta(seconds=95)

    def tick(self, seconds: float = 1.0) -> datetime:
        self._now += timedelta(seconds=seconds)
        return self._now


def planning(clock: Clock) -> Iterator[ev.Event]:
    """Tier 1 while it writes."""
    run, stream = PLANNING, "Tier 1"
    yield ev.RunStarted(run_id=run, track_id=None, mode=Mode.ASK, workers=1, time=clock.tick())
    yield ev.RunPrepared(run_id=run, title="Finish pocketbook", time=clock.tick(0))
    yield ev.WorkerStarted(run_id=run, stream_id=stream, tier=1, provider="anthropic", model="claude-opus-4-5")
    thinking = "The suite fails in eight places. I should look at the package before I cut anything.\n"
    yield ev.Thinking(run_id=run, stream_id=stream, text=thinking)
    yield ev.StreamText(run_id=run, stream_id=stream, text="I will read the package and its tests first.\n")
    for number, path in enumerate(("pocketbook/", "pocketbook/money.py")):
        name = "list_directory" if path.endswith("/") else "read_file"
        call = {"run_id": run, "stream_id": stream, "call_id": f"p{number}", "name": name, "time": clock.tick()}
        yield ev.ToolCalled(**call, arguments={"path": path})
        yield ev.ToolResulted(**call, ok=True, output="money.py\nentries.py\nbalances.py\n")
    yield ev.StreamText(
        run_id=run,
        stream_id=stream,
        text="Everything that fails belongs to one deliverable: the ledger reads, adds up and prints. "
        "One track is enough; splitting it would only make the two halves wait for each other.\n",
    )
    usage = Usage(requests=2, input_tokens=5210, output_tokens=812, cache_read_tokens=3900, cost_usd=0.031)
    yield ev.UsageReported(run_id=run, stream_id=stream, tier=1, model="claude-opus-4-5", usage=usage)


def planned_end(clock: Clock) -> Iterator[ev.Event]:
    yield ev.WorkerEnded(run_id=PLANNING, stream_id="Tier 1", outcome="finished", time=clock.tick())
    yield ev.RunEnded(run_id=PLANNING, status="done", time=clock.tick())


def running(clock: Clock) -> Iterator[ev.Event]:
    """Three workers at once, one of them mended after Tier 4's explanation."""
    yield ev.RunStarted(run_id=RUN, track_id=TRACK, mode=Mode.ASK, workers=4, budget_usd=5.0, time=clock.tick())
    yield ev.RunPrepared(
        run_id=RUN, title="Finish pocketbook", tickets=specs(), base_commit="a" * 40, base_branch="main"
    )
    yield from _changed("T-001", TicketStatus.DONE, None, 1)
    yield ev.Merged(run_id=RUN, ticket_id="T-001", commit="9f2c1d7" + "0" * 33)
    yield from _worker("T-001", 1, "Amounts parse now, with a comma as well.\n", closed="finished")
    yield from _worker("T-005", 1, "Short months end earlier; the test agrees.\n", closed="failed")
    yield from _qa("T-005")
    yield from _worker("T-005", 2, "Tier 4 is right: February needs the year. I look the month's length up.\n")
    yield from _worker("T-003", 1, _LONG)
    yield from _worker("T-006", 1, "The columns are aligned by their widest cell, numbers to the right.\n")
    yield ev.Retry(
        run_id=RUN, stream_id="Tier 3: T-006", reason="api.anthropic.com is overloaded (529).", wait_s=1.0, attempt=2
    )
    yield ev.StreamText(run_id=RUN, stream_id="Tier 3: T-006", text="The columns are aligned by their widest cell, ")
    yield from _changed("T-002", TicketStatus.READY, "Waits for T-001's file pocketbook/money.py.", 0)
    yield from _changed("T-003", TicketStatus.RUNNING, None, 1)
    yield from _changed("T-004", TicketStatus.PENDING, "Depends on T-003.", 0)
    yield from _changed("T-005", TicketStatus.RUNNING, None, 2)
    yield from _changed("T-006", TicketStatus.VERIFYING, None, 1)
    yield from _changed("T-007", TicketStatus.PENDING, "Depends on T-002, T-004 and T-006.", 0)


_LONG = (
    "A journal is lines of `date payee` with indented postings below. I keep the parser to one pass:\n\n"
    "1. a line that begins with a digit opens an entry,\n"
    "2. an indented line adds a posting to it,\n"
    "3. a blank line closes it.\n\n"
    "The last posting may leave its amount out; it is what the others lack. "
    "I write the test for that first, since it is the one that fails today.\n"
)


def _changed(ticket: str, status: TicketStatus, reason: str | None, attempt: int) -> Iterator[ev.Event]:
    yield ev.TicketChanged(run_id=RUN, ticket_id=ticket, status=status, reason=reason, attempt=attempt)


def _worker(ticket: str, attempt: int, text: str, closed: str | None = None) -> Iterator[ev.Event]:
    stream = f"Tier 3: {ticket}" + (f" #{attempt}" if attempt > 1 else "")
    yield ev.WorkerStarted(
        run_id=RUN,
        stream_id=stream,
        tier=3,
        ticket_id=ticket,
        attempt=attempt,
        provider="anthropic",
        model="claude-haiku-4-5",
    )
    yield ev.Thinking(
        run_id=RUN, stream_id=stream, text=f"Ticket {ticket}. First what the test expects, then the code.\n"
    )
    yield ev.StreamText(run_id=RUN, stream_id=stream, text=text)
    path = next(files[0] for name, _, files, _, _ in _SPECS if name == ticket)
    calls = (
        ("read_file", {"path": path}, True, "class Money:\n    cents: int\n"),
        ("edit_file", {"path": path, "old": "raise NotImplementedError", "new": "…"}, True, f"Edited {path}."),
        ("run_command", {"command": "python -m unittest -v"}, closed != "failed", "Ran 4 tests in 0.002s\n\nOK"),
    )
    for number, (name, arguments, ok, output) in enumerate(calls):
        call = {"run_id": RUN, "stream_id": stream, "call_id": f"{stream}-{number}", "name": name}
        yield ev.ToolCalled(**call, arguments=arguments)
        if closed or number < 2:
            yield ev.ToolResulted(**call, ok=ok, output=output)
    usage = Usage(requests=3, input_tokens=8400, output_tokens=1290, cache_read_tokens=6100, cost_usd=0.0121)
    yield ev.UsageReported(
        run_id=RUN, stream_id=stream, tier=3, ticket_id=ticket, model="claude-haiku-4-5", usage=usage
    )
    yield ev.ContextReported(run_id=RUN, stream_id=stream, report=report("claude-haiku-4-5", path, closed is not None))
    if closed:
        yield ev.WorkerEnded(run_id=RUN, stream_id=stream, outcome="finished")


def report(model: str, path: str, counted: bool) -> ContextReport:
    """What a worker's third request is made of: counted by the provider, or estimated."""
    parts = (
        ContextPart(kind="system", label="System prompt", tokens=612, cached=True),
        ContextPart(kind="tools", label="9 tools", tokens=1204, cached=True),
        ContextPart(kind="prompt", label="First message", tokens=4410, cached=True),
        ContextPart(kind="history", label="2 messages", tokens=391, cached=False),
        ContextPart(kind="tool_result", label=f"read_file {path}", tokens=5123, cached=False),
        ContextPart(kind="tool_result", label=f"edit_file {path}", tokens=600, cached=False),
    )
    return ContextReport(
        model=model,
        limit_tokens=200_000 if counted else 0,
        used_tokens=sum(part.tokens for part in parts),
        measured="provider" if counted else "estimate",
        parts=parts,
        cache=CacheReport(state="warm", prefix_tokens=6226),
    )


def _qa(ticket: str) -> Iterator[ev.Event]:
    stream = f"Tier 4: {ticket} #1"
    yield ev.WorkerStarted(
        run_id=RUN,
        stream_id=stream,
        tier=4,
        ticket_id=ticket,
        attempt=1,
        provider="anthropic",
        model="claude-haiku-4-5",
    )
    text = "`test_a_short_month_ends_earlier` fails: 31 January plus a month is computed as 31 February.\n"
    yield ev.StreamText(run_id=RUN, stream_id=stream, text=text)
    yield ev.WorkerEnded(run_id=RUN, stream_id=stream, outcome="finished")


def approval(kind: ApprovalKind, number: int, clock: Clock, **changes: object) -> Approval:
    payloads = {
        ApprovalKind.EDIT: (
            EditPayload(
                path="pocketbook/money.py", diff=DIFF.partition("diff --git a/tests")[0], content="import re\n"
            ),
            "Edit pocketbook/money.py",
            ("content",),
        ),
        ApprovalKind.COMMAND: (
            CommandPayload(command=("python", "-m", "unittest", "tests.test_entries", "-v"), cwd="."),
            "Run python -m unittest tests.test_entries -v",
            ("command",),
        ),
        ApprovalKind.SPAWN: (
            SpawnPayload(prompt="Ticket: T-002\n\nSplit amounts without losing cents.", model="claude-haiku-4-5"),
            "Start a worker on T-002",
            ("prompt",),
        ),
        ApprovalKind.MERGE: (MergePayload(ticket_id="T-006", diff=DIFF), "Merge T-006: Align table columns", ()),
        ApprovalKind.QUESTION: (
            QuestionPayload(text="Shall negative amounts be red, or in brackets?", choices=("Red", "In brackets")),
            "Asks: shall negative amounts be red, or in brackets?",
            ("answer",),
        ),
    }
    payload, title, editable = payloads[kind]
    fields = {
        "id": f"a{number}",
        "kind": kind,
        "run_id": RUN,
        "stream_id": "Tier 3: T-003",
        "ticket_id": "T-003",
        "tier": 3,
        "title": title,
        "payload": payload,
        "editable": editable,
        "requested_at": clock.tick(),
    }
    return Approval(**{**fields, **changes})


def approvals(clock: Clock) -> Iterator[ev.Event]:
    kinds = (ApprovalKind.EDIT, ApprovalKind.COMMAND, ApprovalKind.SPAWN, ApprovalKind.MERGE, ApprovalKind.QUESTION)
    for number, kind in enumerate(kinds):
        yield ev.ApprovalRequested(run_id=RUN, approval=approval(kind, number, clock))


def ended(clock: Clock) -> Iterator[ev.Event]:
    for number, kind in enumerate(ApprovalKind):
        if kind in {ApprovalKind.STEP, ApprovalKind.TOOL}:
            continue
        decided = approval(kind, number, clock, state=ApprovalState.APPROVED, decision="approve", by=DecidedBy.USER)
        yield ev.ApprovalResolved(run_id=RUN, approval=decided.model_copy(update={"id": f"a{number}"}))
    for spec in specs():
        yield from _changed(spec.id, TicketStatus.DONE, None, 2 if spec.id == "T-005" else 1)
    for stream in ("Tier 3: T-005 #2", "Tier 3: T-003", "Tier 3: T-006"):
        yield ev.WorkerEnded(run_id=RUN, stream_id=stream, outcome="finished")
    yield ev.Fault(
        run_id=RUN,
        where="Tier 3: T-006",
        message="api.anthropic.com did not answer for 60 s.",
        hint="It was sent again; if it happens often, lower the number of workers.",
    )
    yield ev.RunEnded(run_id=RUN, status="done", reason="All 7 tickets are done.")
