"""The status bar: who works, how fast, what it has cost, who is slowed down, what waits, and where the socket is."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStatusBar, QWidget

from slop_qt.core.state import RunState
from slop_qt.core.tickets import TicketStatus
from slop_qt.core.usage import Usage, total_usage
from slop_qt.qt.status import Look
from slop_qt.qt.window_context import WindowContext
from slop_qt.qt.words import count, dollars, plural, short_count
from slop_qt.widgets.buttons import muted_label, push_button
from slop_qt.widgets.status_chip import StatusChip
from slop_qt.widgets.throttle_chip import ThrottleChip

__all__ = ["StatusStrip"]

_TICK_MS = 1000
_CHARACTERS_PER_TOKEN = 4  # a rule of thumb: providers count tokens only when a response has ended
_WAITING = frozenset({TicketStatus.PENDING, TicketStatus.READY})


class StatusStrip(QStatusBar):
    """Counts once a second, and only while it is seen. Lives in the GUI thread.

    Signals:
        approvals_wanted: the badge was pressed.
    """

    approvals_wanted = Signal()

    def __init__(self, context: WindowContext) -> None:
        super().__init__()
        self._context = context
        self._lengths: dict[tuple[str, str], int] = {}
        self.setSizeGripEnabled(False)
        self.setObjectName("status")
        self._workers = StatusChip(context.theme)
        self._workers.setObjectName("status.workers")
        self._speed, self._cost = muted_label(), muted_label()
        self._throttle = ThrottleChip(context.theme)
        self._throttle.setObjectName("status.throttle")
        self._badge = push_button("status.approvals", "", self.approvals_wanted.emit, kind="link")
        self._socket, self._sandbox = StatusChip(context.theme), StatusChip(context.theme)
        self._lay_out()
        self._say_facts()
        self.show_approvals(0)
        self._clock = QTimer(self)
        self._clock.setInterval(_TICK_MS)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        context.bridge.replaced.connect(self._lengths.clear)
        context.bridge.runs_changed.connect(self._count)
        context.bridge.tickets_changed.connect(self._count)
        context.bridge.usage_changed.connect(self._count)
        self._count()

    def show_approvals(self, number: int) -> None:
        """So many wait for a decision."""
        self._badge.setVisible(number > 0)
        self._badge.setText("1 approval waits" if number == 1 else f"{number} approvals wait")
        self._badge.setAccessibleName(self._badge.text())

    def _lay_out(self) -> None:
        row_widget = QWidget()
        row = QHBoxLayout(row_widget)
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(16)
        for widget in (self._workers, self._speed, self._cost, self._throttle):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._badge)
        row.addWidget(self._sandbox)
        row.addWidget(self._socket)
        row_widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(row_widget, 1)

    def _say_facts(self) -> None:
        facts = self._context.facts
        self._socket.show_look(Look("activity", "Socket on" if facts.socket else "Socket off", "muted"))
        self._socket.setToolTip(facts.socket or "Start with --automation to let programs drive this window.")
        self._sandbox.setVisible(not facts.sandboxed)
        self._sandbox.show_look(Look("blocked", "No sandbox", "waiting"))
        self._sandbox.setToolTip(
            "Commands run outside a sandbox, so each of them waits for you, unless a rule allows it."
        )

    def _tick(self) -> None:
        if self.isVisible():
            self._say_speed()
            self._throttle.show_states(self._context.throttles())

    def _count(self) -> None:
        runs = [run for run in self._context.bridge.state.runs.values() if not run.ended]
        running = sum(not stream.closed for run in runs for stream in run.streams.values())
        queued = sum(ticket.status in _WAITING for run in runs for ticket in run.tickets.values())
        if running or queued:
            self._workers.show_look(Look("running", f"{running} running, {queued} queued", "running"))
        else:
            self._workers.show_look(Look("idle", "No agents running", "muted"))
        self._say_cost()

    def _say_cost(self) -> None:
        runs = self._context.bridge.state.runs.values()
        usage = total_usage(usage for run in runs for usage in run.usage.values())
        newest = self._context.bridge.state.newest_run
        limited = newest is not None and bool(newest.budget_usd or newest.budget_tokens)
        self._cost.setText(_against_limits(newest) if newest is not None and limited else _cost_words(usage))
        everything = f"{plural(usage.requests, 'request')}, all runs together"
        self._cost.setToolTip(f"{_cost_words(usage)}, {count(_tokens(usage))} tokens in {everything}")

    def _say_speed(self) -> None:
        runs: list[RunState] = [run for run in self._context.bridge.state.runs.values() if not run.ended]
        lengths = {
            (stream.run_id, stream.stream_id): stream.length
            for run in runs
            for stream in run.streams.values()
            if not stream.closed
        }
        grown = sum(length - self._lengths.get(key, 0) for key, length in lengths.items())
        self._lengths.clear()
        self._lengths.update(lengths)
        self._speed.setText(f"≈ {grown // _CHARACTERS_PER_TOKEN:,} tokens/s" if lengths else "")


def _against_limits(run: RunState) -> str:
    """What the run has cost, of what it may; the limits are those that hold now."""
    usage = run.usage_total()
    money = _cost_words(usage) + (f" of {dollars(run.budget_usd)}" if run.budget_usd else "")
    tokens = f", {short_count(_tokens(usage))} of {short_count(run.budget_tokens)} tokens" if run.budget_tokens else ""
    return money + tokens


def _cost_words(usage: Usage) -> str:
    return "Cost unknown" if usage.cost_usd is None else f"Cost {dollars(usage.cost_usd)}"


def _tokens(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens
