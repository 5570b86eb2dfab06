"""One run's door: the policy decides at once, or the desk when somebody has."""

from collections.abc import Callable, Sequence

from slop_qt.core.approvals import (
    ApprovalKind,
    ApprovalRequest,
    ApprovalState,
    DecidedBy,
    Decision,
    Mode,
)
from slop_qt.core.events import ApprovalResolved, utc_now
from slop_qt.core.ports import EventSink
from slop_qt.core.settings import Rule
from slop_qt.mma.approval_desk import ApprovalDesk, new_approval_id
from slop_qt.mma.policy import NOBODY_THERE, Ruling, rule_on

__all__ = ["RunGate"]


class RunGate:
    """Implements core.ports.ApprovalGate for one run. `relax` is called in the main thread, `decide` anywhere.

    Whatever the policy let pass or refused is recorded with the rule, except turns, which nobody waits for.
    """

    def __init__(
        self, sink: EventSink, desk: ApprovalDesk, mode: Mode, rules: Callable[[], Sequence[Rule]] = tuple
    ) -> None:
        """rules are the person's own at this moment, asked for in any thread: a changed one counts at once."""
        self._sink = sink
        self._desk = desk
        self._rules = rules
        # One tuple, replaced as a whole: other threads read it. The rules in it come before the person's own.
        self._policy: tuple[Mode, tuple[Rule, ...]] = (mode, ())

    async def decide(self, request: ApprovalRequest) -> Decision:
        """Whether it may happen."""
        ruling = self.ruling(request)
        if ruling.action == "ask":
            return await self._desk.ask(request, self.ruling)
        decision = Decision(
            approved=ruling.action != "deny",
            by=DecidedBy.POLICY,
            note=ruling.why if ruling.action == "deny" else None,
            edited={"answer": NOBODY_THERE} if ruling.action == "answer" else {},
        )
        if request.kind is not ApprovalKind.STEP:
            self._record(request, ruling)
        return decision

    def ruling(self, request: ApprovalRequest) -> Ruling:
        """What the policy says now."""
        mode, rules = self._policy
        return rule_on(request, mode, (*rules, *self._rules()))

    def relax(self, mode: Mode, rules: Sequence[Rule]) -> None:
        """Let more pass from now on: another mode, and rules before the person's own (a deny still wins)."""
        self._policy = (mode, (*rules, *self._policy[1]))

    def _record(self, request: ApprovalRequest, ruling: Ruling) -> None:
        denied = ruling.action == "deny"
        update = {
            "editable": (),
            "state": ApprovalState.REJECTED if denied else ApprovalState.APPROVED,
            "decision": "reject" if denied else "approve",
            "by": DecidedBy.POLICY,
            "note": ruling.why,
        }
        approval = request.as_approval(new_approval_id(), utc_now()).model_copy(update=update)
        self._sink.publish(ApprovalResolved(run_id=request.run_id, approval=approval))
