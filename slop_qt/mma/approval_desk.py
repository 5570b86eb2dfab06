"""The one queue of pending decisions: who asks waits here, and whoever decides first wins."""

import asyncio
import contextlib
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


@dataclass(slots=True)
class _Waiting:
    request: ApprovalRequest
    approval: Approval
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Decision]


class ApprovalDesk:
    """Pending approvals of all runs. `ask` may be awaited in any thread's loop; `resolve` called from any thread.

    A decision is claimed in memory under the lock, recorded durably, and only then told to who asked.
    """

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._waiting: dict[str, _Waiting] = {}
        self._settled: dict[str, ApprovalState] = {}

    async def ask(self, request: ApprovalRequest) -> Decision:
        """Queue the request and wait for its decision. Cancelled, its approval expires everywhere."""
        approval = request.as_approval(new_approval_id(), utc_now())
        loop = asyncio.get_running_loop()
        waiting = _Waiting(request, approval, loop, loop.create_future())
        with self._lock:
            self._waiting[approval.id] = waiting
        try:
            event = ApprovalRequested(run_id=approval.run_id, approval=approval)
            await publish_durably(self._sink, event)
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
    ) -> tuple[Approval, int]:
        """Decide it. Returns the approval as resolved, and the seq of the event that says so.

        Raises:
            NotFoundError: there never was one of that id in this session.
            ConflictError: somebody was first, or it expired.
            InvalidInputError: edited has fields that may not be edited, or of the wrong shape.
        """
        with self._lock:
            waiting = self._waiting.get(approval_id)
            if waiting is None:
                raise self._missing(approval_id)
            resolved = _resolved(waiting.approval, verdict, edited or {}, note, by)
            del self._waiting[approval_id]
            self._settled[approval_id] = resolved.state
        decision = Decision(approved=resolved.state is ApprovalState.APPROVED, by=by, note=note, edited=edited or {})

        def committed(error: Exception | None) -> None:
            with contextlib.suppress(RuntimeError):  # its loop may have closed while the decision was written
                waiting.loop.call_soon_threadsafe(_tell, waiting.future, decision, error)

        seq = self._sink.publish(ApprovalResolved(run_id=resolved.run_id, approval=resolved), committed)
        return resolved, seq

    def reconsider(self, run_id: str, ruling: Callable[[ApprovalRequest], Ruling]) -> None:
        """Approve what waits in a run and would pass by now: for a policy that was relaxed meanwhile."""
        with self._lock:
            waiting = [entry for entry in self._waiting.values() if entry.approval.run_id == run_id]
        for entry in waiting:
            now = ruling(entry.request)
            if now.action in {"allow", "answer"}:
                edited = {"answer": NOBODY_THERE} if entry.request.kind is ApprovalKind.QUESTION else None
                with contextlib.suppress(ConflictError):  # somebody decided it in the same moment
                    self.resolve(entry.approval.id, "approve", edited=edited, note=now.why, by=DecidedBy.POLICY)

    def _expire(self, approval_id: str, reason: str) -> None:
        with self._lock:
            waiting = self._waiting.pop(approval_id, None)
            if waiting is None:
                return
            self._settled[approval_id] = ApprovalState.EXPIRED
        update = {"state": ApprovalState.EXPIRED, "by": DecidedBy.POLICY, "note": reason}
        expired = waiting.approval.model_copy(update=update)
        self._sink.publish(ApprovalResolved(run_id=expired.run_id, approval=expired))

    def _missing(self, approval_id: str) -> ConflictError | NotFoundError:
        state = self._settled.get(approval_id)
        if state is not None:
            return ConflictError(f"Approval {approval_id} is already {state}.")
        pending = ", ".join(self._waiting) or "none"
        return NotFoundError(f"There is no approval {approval_id}.", f"Pending: {pending}.")


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
