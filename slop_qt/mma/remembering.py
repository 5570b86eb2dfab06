"""Decisions that are remembered: the rule is written, then the approval is decided, and only then the rule counts."""

import asyncio
import copy
from functools import partial
from typing import Literal

from slop_qt.core.approvals import Approval, ApprovalRequest, DecidedBy, Mode
from slop_qt.core.errors import NotPossibleError, SlopError, StoreError
from slop_qt.core.ports import Offload
from slop_qt.core.remembering import rule_of
from slop_qt.core.settings import Rule
from slop_qt.mma import shapes
from slop_qt.mma.approval_desk import ApprovalDesk
from slop_qt.mma.policy import name_rule, rule_on
from slop_qt.store.preferences import Preferences

__all__ = ["Remembering"]


class Remembering:
    """Decides approvals of which the decision becomes a rule of the person's. Lives in the main thread's loop.

    Either both happen or neither: where the rule cannot be written, the approval waits on; where somebody else decided
    meanwhile, the rule is taken out of the file again, and has never counted. One after another, so that a rule that is
    taken back is nobody else's.
    """

    def __init__(self, preferences: Preferences, offload: Offload, desk: ApprovalDesk) -> None:
        self._preferences = preferences
        self._offload = offload
        self._desk = desk
        self._one_at_a_time = asyncio.Lock()
        self._under_way: set[asyncio.Task[tuple[Approval, int]]] = set()

    async def resolve(self, params: shapes.ResolveApproval, by: DecidedBy) -> tuple[Approval, int]:
        """As the desk's `resolve`; what waits with the very same subject is decided by the rule.

        It goes on to its end also where the caller is cancelled.

        Raises:
            InvalidInputError: a decision of that kind cannot be remembered; or as the desk's.
            NotPossibleError: another rule of the person's would go on asking.
            NotFoundError, ConflictError: as the desk's; the rule does not stay.
            ConfigurationError, StoreError: the settings could not be written; it waits on.
        """
        deciding = asyncio.create_task(self._resolve(params, by), name=f"remembering {params.id}")
        self._under_way.add(deciding)
        deciding.add_done_callback(self._ended)
        return await asyncio.shield(deciding)

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _resolve(self, params: shapes.ResolveApproval, by: DecidedBy) -> tuple[Approval, int]:
        action: Literal["allow", "deny"] = "deny" if params.decision == "reject" else "allow"
        edited = copy.deepcopy(params.edited)  # what is remembered and what is decided are the same
        async with self._one_at_a_time:
            request, foreseen = self._desk.foresee(params.id, params.decision, edited=edited)
            rule = rule_of(foreseen, action)
            self._require_effect(rule, request, foreseen)
            added = await self._offload.run(partial(self._preferences.write_rule, rule))
            try:
                resolved = self._desk.resolve(
                    params.id,
                    params.decision,
                    edited=edited,
                    note=params.note,
                    by=by,
                    record=f"remembered: {name_rule(rule)}",
                )
            except SlopError as error:
                if added:
                    await self._take_back(rule, error)
                raise
            await self._offload.run(partial(self._preferences.enforce_rule, rule))
            self._desk.reconsider()
            return resolved

    def _require_effect(self, rule: Rule, request: ApprovalRequest, foreseen: Approval) -> None:
        """The first rule that matches counts, unless one denies: behind some, a new one would say nothing."""
        decided = request.model_copy(update={"payload": foreseen.payload, "subject": rule.subject})
        ruling = rule_on(decided, Mode.ASK, (*self._preferences.current.rules, rule))
        if ruling.action != rule.action:
            raise NotPossibleError(
                f"It cannot be remembered: your {ruling.why} comes first, whatever stands behind it.",
                "Remove that rule in the settings, on the page Rules, or decide without remember.",
            )

    async def _take_back(self, rule: Rule, cause: SlopError) -> None:
        try:
            await self._offload.run(partial(self._preferences.remove_rule, rule))
        except SlopError as error:
            raise StoreError(
                f"{cause.message} The rule that was written before could not be taken back: {error.message}",
                "Remove it in the settings, on the page Rules, or in the settings file.",
            ) from cause

    def _ended(self, deciding: asyncio.Task[tuple[Approval, int]]) -> None:
        self._under_way.discard(deciding)
        if not deciding.cancelled():
            deciding.exception()  # seen: whoever asked may have gone
