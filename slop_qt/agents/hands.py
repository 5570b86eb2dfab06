"""An agent's tool calls: parsed strictly, decided about, recorded, carried out, and told back."""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slop_qt.agents.request import AgentRequest, AgentServices, RefusedAnswer
from slop_qt.core.approvals import ApprovalRequest, DecidedBy, Decision
from slop_qt.core.conversation import ToolCallReceived, ToolResultBlock, ToolUseBlock
from slop_qt.core.durability import publish_durably
from slop_qt.core.errors import SlopError, StoreError, ToolError
from slop_qt.core.events import ToolCalled, ToolResulted
from slop_qt.core.shape import Shape
from slop_qt.tools.contract import Effect, Tool, ToolContext, ToolOutput
from slop_qt.tools.strict_json import parse_object, unreadable

__all__ = ["CarriedOut", "Hands"]

_SAME_CALLS = 5  # in a row: the last of them is told back instead of carried out (7-reliability.md)
_KEPT_OF_AN_ANSWER = 1 << 20  # characters: all of a whole plan, so that the person can mend it
_HARMLESS = Decision(approved=True, by=DecidedBy.POLICY)


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """All calls of one answer: for the history, and the tier's answer if it was among them.

    malformed is the first mistake that the model made in a call's form, or in what its answer says; or empty.
    """

    uses: tuple[ToolUseBlock, ...]
    results: tuple[ToolResultBlock, ...]
    answer: Shape | None
    malformed: str


class _MalformedError(ToolError):
    """The call itself was wrong, in contrast to one that could not be carried out."""


class Hands:
    """Carries out one agent's tool calls, one after another. Lives in the agent's task.

    Attributes:
        refused: the last answer that did not hold, if there was one.
        refusals: how many there were.
    """

    def __init__(self, request: AgentRequest, services: AgentServices) -> None:
        self._request = request
        self._services = services
        self._context = ToolContext(
            root=request.root,
            ticket=request.ticket,
            limits=request.limits,
            offload=services.offload,
            commands=services.commands,
            plans=services.plans,
            basis=request.basis,
        )
        self._answer: Shape | None = None
        self.refused: RefusedAnswer | None = None
        self.refusals = 0
        self._used_ids: set[str] = set()
        self._last_call: tuple[str, Shape | None] = ("", None)
        self._in_a_row = 0

    async def carry_out(self, calls: Sequence[ToolCallReceived]) -> CarriedOut:
        """Every call in order. A failed call does not stop the others, but it voids an answer that came with it."""
        uses: list[ToolUseBlock] = []
        results: list[ToolResultBlock] = []
        malformed = ""
        self._answer = None
        for call in calls:
            call_id = self._unique(call.call_id)
            uses.append(ToolUseBlock(call_id, call.name, _lenient(call.arguments_json), call.signature))
            try:
                output = await self._one(call_id, call, failed=not all(result.ok for result in results))
            except StoreError:
                raise  # the journal is gone: nothing may have an effect any more
            except SlopError as error:
                if isinstance(error, _MalformedError):
                    malformed = malformed or str(error)
                output = ToolOutput(str(error), ok=False)
            self._told(call_id, call.name, output)
            results.append(ToolResultBlock(call_id, output.text, output.ok))
        return CarriedOut(tuple(uses), tuple(results), self._answer, malformed)

    async def _one(self, call_id: str, call: ToolCallReceived, *, failed: bool) -> ToolOutput:
        try:
            tool, arguments = self._services.tools.parse(self._request.tier, call.name, call.arguments_json)
        except ToolError as error:
            kept = _lenient(call.arguments_json, _KEPT_OF_AN_ANSWER if self._is_answer(call) else None)
            self._services.sink.publish(self._called(call_id, call.name, kept))
            self._last_call = (call.name, None)
            raise self._mistaken(call, error) from None
        if tool.ends:
            self._services.sink.publish(self._called(call_id, tool.name, arguments.model_dump(mode="json")))
            self._last_call = (tool.name, None)
            if failed:
                raise ToolError("Another call of this turn failed: look at its result first, then answer.")
            return await self._answered(call, tool, arguments)
        called = self._called(call_id, tool.name, arguments.model_dump(mode="json"))
        bound = _binding(call_id, tool.name, arguments)
        try:
            self._not_for_ever(tool.name, arguments)
            effect = await tool.effect(arguments, self._context)
            decision = _HARMLESS if effect is None else await self._services.gate.decide(self._approval(effect))
            if bound != _binding(call_id, tool.name, arguments):
                raise ToolError("The call changed while it was decided about; nothing was done.", "Call it again.")
            if decision.approved and decision.edited:
                arguments = tool.edited(arguments, decision.edited)
                called = self._called(call_id, tool.name, arguments.model_dump(mode="json"))
        except SlopError:
            self._services.sink.publish(called)  # it comes to nothing, and is shown all the same
            raise
        if effect is None or not decision.approved:
            self._services.sink.publish(called)
        else:
            await publish_durably(self._services.sink, called)
        if not decision.approved:
            return ToolOutput(_rejection(decision), ok=False)
        output = await tool.perform(arguments, self._context, effect)
        if decision.edited and "answer" not in decision.edited:
            changed = ", ".join(sorted(decision.edited))
            return ToolOutput(f"The person changed {changed} before approving it. {output.text}", output.ok)
        return output

    def _not_for_ever(self, name: str, arguments: Shape) -> None:
        """Count what is called again with nothing in between.

        Raises:
            _MalformedError: it was called so often that the model goes round in a circle.
        """
        same = self._last_call == (name, arguments)
        self._in_a_row = self._in_a_row + 1 if same else 1
        self._last_call = (name, arguments)
        if self._in_a_row >= _SAME_CALLS:
            raise _MalformedError(
                f"You called {name} {self._in_a_row} times in a row with the same arguments. It was not carried out "
                "this time.",
                "You have its result from before: do something else with it, or give your answer.",
            )

    async def _answered(self, call: ToolCallReceived, tool: Tool[Any], arguments: Shape) -> ToolOutput:
        try:
            output = await tool.perform(arguments, self._context)
        except ToolError as error:
            raise self._mistaken(call, error) from None
        self._answer = arguments
        return output

    def _mistaken(self, call: ToolCallReceived, error: ToolError) -> _MalformedError:
        """The error as the model's mistake; what was meant as its answer is kept."""
        if self._is_answer(call):
            self.refused = RefusedAnswer(call.name, call.arguments_json)
            self.refusals += 1
        return _MalformedError(error.message, error.hint)

    def _is_answer(self, call: ToolCallReceived) -> bool:
        return self._services.tools.is_answer(self._request.tier, call.name)

    def _approval(self, effect: Effect) -> ApprovalRequest:
        request = self._request
        return ApprovalRequest(
            kind=effect.kind,
            run_id=request.run_id,
            stream_id=request.stream_id,
            ticket_id=request.ticket.id if request.ticket else None,
            tier=request.tier,
            title=effect.title,
            payload=effect.payload,
            editable=effect.editable,
            subject=effect.subject,
            outside_scope=effect.outside_scope,
        )

    def _called(self, call_id: str, name: str, arguments: Any) -> ToolCalled:
        return ToolCalled(
            run_id=self._request.run_id,
            stream_id=self._request.stream_id,
            call_id=call_id,
            name=name,
            arguments=arguments,
        )

    def _told(self, call_id: str, name: str, output: ToolOutput) -> None:
        self._services.sink.publish(
            ToolResulted(
                run_id=self._request.run_id,
                stream_id=self._request.stream_id,
                call_id=call_id,
                name=name,
                ok=output.ok,
                output=output.text,
            )
        )

    def _unique(self, call_id: str) -> str:
        """A vendor's id as it is, unless it is missing or was used before: results are told apart by it."""
        unique = call_id or "call"
        number = 1
        while unique in self._used_ids:
            number += 1
            unique = f"{call_id or 'call'}-{number}"
        self._used_ids.add(unique)
        return unique


def _binding(call_id: str, name: str, arguments: Shape) -> bytes:
    """What an approval is for: this call, with these arguments."""
    return hashlib.sha256(f"{call_id}\0{name}\0{arguments!r}".encode("utf-8", "surrogatepass")).digest()


def _lenient(arguments_json: str, kept: int | None = None) -> Any:
    """What history and journal keep of arguments: always an object, and one that both can hold."""
    with contextlib.suppress(ToolError):
        return parse_object(arguments_json)
    return unreadable(arguments_json) if kept is None else unreadable(arguments_json, kept)


def _rejection(decision: Decision) -> str:
    if decision.note:
        return f"Rejected, nothing was done. The reason: {decision.note}"
    return "Rejected by the person, nothing was done. Find another way, or ask with ask_user."
