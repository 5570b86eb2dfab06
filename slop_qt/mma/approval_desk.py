"""The one queue of pending decisions: who asks waits here, and whoever decides first wins."""

import asyncio
import contextlib
import copy
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from slop_qt.core.approvals import (
    Approval,
    ApprovalKind,
    ApprovalRequest,
    ApprovalState,
    DecidedBy,
    Decision,
    QuestionPayload,
    Verdict,
)
from slop_qt.core.durability import publish_durably
from slop_qt.core.errors import ConflictError, InvalidInputError, NotFoundError
from slop_qt.core.events import ApprovalRequested, ApprovalResolved, utc_now
from slop_qt.core.ports import EventSink
from slop_qt.mma.policy import NOBODY_THERE, Ruling

__all__ = ["ApprovalDesk", "new_approval_id"]


def new_approval_id() -> str:
    """`a-1f0c5e9a2b7d`: unique, and short enough to be read out."""
    return f"a-{uuid.uuid4().hex[:12]}"


Policy = Callable[[ApprovalRequest], Ruling]


@dataclass(slots=True)
class _Waiting:
    request: ApprovalRequest
    approval: Approval
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Decision]
    policy: Policy | None
    announced: bool = False


class ApprovalDesk:
    """Pending approvals of all runs. `ask` may be awaited in any thread's loop; `resolve` called from any thread.

    A decision is claimed in memory under the lock, recorded durably, and only then told to who asked.
    """

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._waiting: dict[str, _Waiting] = {}
        self._settled: dict[str, ApprovalState] = {}

    async def ask(self, request: ApprovalRequest, policy: Policy | None = None) -> Decision:
        """Queue the request and wait for its decision. Cancelled, its approval expires everywhere.

        policy is what said that somebody has to be asked; it is heard again whenever it may have changed.
        """
        approval = request.as_approval(new_approval_id(), utc_now())
        loop = asyncio.get_running_loop()
        waiting = _Waiting(request, approval, loop, loop.create_future(), policy)
        with self._lock:
            self._waiting[approval.id] = waiting
        try:
            event = ApprovalRequested(run_id=approval.run_id, approval=approval)
            await publish_durably(self._sink, event)
            with self._lock:
                waiting.announced = True
            self._hear_policy(waiting)  # it may have changed since it was asked, before `reconsider` could see this one
            return await waiting.future
        finally:
            self._expire(approval.id, "The agent that asked has ended.")

    def resolve(
        self,
        approval_id: str,
        verdict: Verdict,
        *,
        edited: dict[str, Any] | None = None,
        note: str | None = None,
        by: DecidedBy = DecidedBy.USER,
        record: str = "",
    ) -> tuple[Approval, int]:
        """Decide it. Returns the approval as resolved, and the seq of the event that says so.

        record is added to the note that is kept, and not told to who asked.

        Raises:
            NotFoundError: there never was one of that id in this session.
            ConflictError: somebody was first, or it expired.
            InvalidInputError: edited has fields that may not be edited, or of the wrong shape.
        """
        edited = copy.deepcopy(edited or {})  # who asked gets what is recorded, whatever the caller does with its own
        with self._lock:
            waiting = self._find(approval_id)
            resolved = _resolved(waiting.approval, verdict, edited, note, by)
            if record:
                resolved = resolved.model_copy(
                    update={"note": f"{resolved.note}; {record}" if resolved.note else record}
                )
            del self._waiting[approval_id]
            self._settled[approval_id] = resolved.state
        decision = Decision(approved=resolved.state is ApprovalState.APPROVED, by=by, note=note, edited=edited)

        def committed(error: Exception | None) -> None:
            with contextlib.suppress(RuntimeError):  # its loop may have closed while the decision was written
                waiting.loop.call_soon_threadsafe(_tell, waiting.future, decision, error)

        seq = self._sink.publish(ApprovalResolved(run_id=resolved.run_id, approval=resolved), committed)
        return resolved, seq

    def foresee(
        self, approval_id: str, verdict: Verdict, *, edited: dict[str, Any] | None = None
    ) -> tuple[ApprovalRequest, Approval]:
        """What was asked, and what `resolve` would make of it; nothing is decided. Raises as `resolve`."""
        with self._lock:
            waiting = self._find(approval_id)
            return waiting.request, _resolved(waiting.approval, verdict, edited or {}, None, DecidedBy.USER)

    def reconsider(self) -> None:
        """Decide what waits and has not to be asked about any more: for a policy that changed meanwhile."""
        with self._lock:
            waiting = [entry for entry in self._waiting.values() if entry.announced]
        for entry in waiting:
            self._hear_policy(entry)

    def _hear_policy(self, waiting: _Waiting) -> None:
        ruling = waiting.policy(waiting.request) if waiting.policy is not None else None
        if ruling is None or ruling.action == "ask":
            return
        verdict: Verdict = "reject" if ruling.action == "deny" else "approve"
        answered = waiting.request.kind is ApprovalKind.QUESTION and verdict == "approve"
        edited = {"answer": NOBODY_THERE} if answered else None
        with contextlib.suppress(ConflictError):  # somebody decided it in the same moment
            self.resolve(waiting.approval.id, verdict, edited=edited, note=ruling.why, by=DecidedBy.POLICY)

    def _expire(self, approval_id: str, reason: str) -> None:
        with self._lock:
            waiting = self._waiting.pop(approval_id, None)
            if waiting is None:
                return
            self._settled[approval_id] = ApprovalState.EXPIRED
        update = {"state": ApprovalState.EXPIRED, "by": DecidedBy.POLICY, "note": reason}
        expired = waiting.approval.model_copy(update=update)
        self._sink.publish(ApprovalResolved(run_id=expired.run_id, approval=expired))

    def _find(self, approval_id: str) -> _Waiting:
        """With the lock held. Raises ConflictError or NotFoundError."""
        waiting = self._waiting.get(approval_id)
        if waiting is not None:
            return waiting
        state = self._settled.get(approval_id)
        if state is not None:
            raise ConflictError(f"Approval {approval_id} is already {state}.")
        pending = ", ".join(self._waiting) or "none"
        raise NotFoundError(f"There is no approval {approval_id}.", f"Pending: {pending}.")


def _tell(future: asyncio.Future[Decision], decision: Decision, error: Exception | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(decision)
    else:
        future.set_exception(error)


def _resolved(
    approval: Approval, verdict: Verdict, edited: dict[str, Any], note: str | None, by: DecidedBy
) -> Approval:
    unknown = sorted(set(edited) - set(approval.editable))
    if unknown:
        editable = ", ".join(approval.editable) or "none"
        raise InvalidInputError(
            f"{unknown[0]} cannot be edited in a {approval.kind} approval.", f"Editable: {editable}."
        )
    if verdict == "edit" and not edited:
        raise InvalidInputError("The decision edit needs edited fields.", f"Editable: {', '.join(approval.editable)}.")
    if verdict == "reject" and edited:
        raise InvalidInputError("A rejection takes no edited fields.", "Say what is wrong in the note.")
    if approval.kind is ApprovalKind.QUESTION and verdict != "reject":
        answer = edited.get("answer")
        if not isinstance(answer, str) or not answer.strip():
            raise InvalidInputError("A question is answered by approve with edited {answer}.")
        note = note or f"Answer: {answer}"
    try:
        payload = type(approval.payload).model_validate(
            {**approval.payload.model_dump(), **{name: value for name, value in edited.items() if name != "answer"}}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInputError(f"edited.{'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
    return approval.model_copy(
        update={
            "state": ApprovalState.REJECTED if verdict == "reject" else ApprovalState.APPROVED,
            "decision": verdict,
            "by": by,
            "note": note,
            "payload": payload if not isinstance(approval.payload, QuestionPayload) else approval.payload,
        }
    )
