"""A request that nobody has sent: what it is made of, why, and the exact texts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from slop_qt.agents.context_teller import shares
from slop_qt.agents.loop import first_message, model_request
from slop_qt.agents.request import AgentRequest
from slop_qt.core.context import CacheReport, ContextPart, ContextReport
from slop_qt.core.conversation import ModelRequest, ToolSpec
from slop_qt.core.streams import tier_name
from slop_qt.providers.request_meter import MeasuredPart, MeasuredRequest, RequestMeter
from slop_qt.providers.token_counter import TokenCounter
from slop_qt.providers.token_features import text_features
from slop_qt.tools.registry import ToolRegistry

__all__ = ["Composition", "compose"]


@dataclass(frozen=True, slots=True)
class Composition:
    """The report, and for each of its parts, in their order, the reason and the text to the character."""

    report: ContextReport
    reasons: tuple[str, ...]
    texts: tuple[str, ...]


def compose(
    request: AgentRequest,
    tools: ToolRegistry,
    counter: TokenCounter,
    *,
    limit_tokens: int | None,
    caches: bool | None,
) -> Composition:
    """The agent's first request, counted without asking anybody. Takes some milliseconds: for the helper pool.

    caches is whether the provider has a cache, None where that cannot be said.
    """
    asked = model_request(request, tools, [first_message(request)], turn=1)
    measured = _in_parts(RequestMeter().measure(asked), request)
    count = counter.estimate(measured)
    tokens = shares(count.tokens, counter.weigh(measured))
    parts = tuple(
        ContextPart(kind=part.kind, label=part.label, tokens=number, cached=bool(caches) and part.stable)
        for part, number in zip(measured.parts, tokens, strict=True)
    )
    reasons, texts = _explained(asked, request)
    report = ContextReport(
        model=request.choice.model,
        limit_tokens=limit_tokens or 0,
        used_tokens=count.tokens,
        measured=count.measured,
        parts=parts,
        cache=CacheReport(
            state="none" if caches is False else "unknown",
            prefix_tokens=sum(part.tokens for part in parts if part.cached),
        ),
    )
    return Composition(report, reasons, texts)


def _in_parts(measured: MeasuredRequest, request: AgentRequest) -> MeasuredRequest:
    """The request with its first message in the parts of the prompt."""
    head = (part for part in measured.parts if part.kind in {"system", "tools"})
    prompt = (
        MeasuredPart(part.kind, part.label, text_features(part.text), stable=True) for part in request.prompt.parts
    )
    return replace(measured, parts=(*head, *prompt))


def _explained(asked: ModelRequest, request: AgentRequest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Reasons and texts, of the parts in the order of the report."""
    head = [(f"System prompt of {tier_name(request.tier)}.", asked.system)]
    if asked.tools:
        head.append((f"Tools of {tier_name(request.tier)}.", _tools_text(asked.tools)))
    prompt = [(part.reason, part.text) for part in request.prompt.parts]
    reasons, texts = zip(*(*head, *prompt), strict=True)
    return reasons, texts


def _tools_text(tools: Sequence[ToolSpec]) -> str:
    plain = [{"name": tool.name, "description": tool.description, "schema": dict(tool.schema)} for tool in tools]
    return json.dumps(plain, ensure_ascii=False, indent=2)
