"""How Claude is asked to think: what the API takes has changed with its models, and it goes by their names.

As platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting had it in November 2026.
"""

import re
from dataclasses import dataclass
from typing import Any

from slop_qt.core.conversation import ModelRequest
from slop_qt.providers.effort import effort_for

__all__ = ["thinking_fields"]

_LEAST_BUDGET = 1024
# claude-opus-4-5-20251101, claude-3-7-sonnet, anthropic/claude-sonnet-4.6: a date is no version.
_NAME = re.compile(r"claude-(?:([a-z]+)-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")

# Since then a model decides by itself how much it thinks, and a budget is soon refused.
_ADAPTIVE_SINCE = (4, 6)
# Since then it thinks where nothing is said.
_THINKS_SINCE = (5, 0)
# Those of them that let it be switched off; the others refuse that. One has a word of its own for it.
_SWITCHED_OFF_BY = {
    ("opus", 5, 0): "disabled",
    ("sonnet", 5, 0): "disabled",
    ("haiku", 5, 5): "disabled",
    ("sonnet", 5, 5): "between_tools",
}


@dataclass(frozen=True, slots=True)
class _Claude:
    """A model by its name; what has no version there, and may be a server's own, is of version 0."""

    family: str = ""
    major: int = 0
    minor: int = 0

    @classmethod
    def named(cls, model: str) -> "_Claude":
        match = _NAME.search(model)
        return cls(match[1] or "", int(match[2]), int(match[3] or 0)) if match else cls()

    def is_since(self, version: tuple[int, int]) -> bool:
        return (self.major, self.minor) >= version


def thinking_fields(request: ModelRequest) -> dict[str, Any]:
    """What a request's body says of thinking, with the max_tokens that go with it.

    What is thought is asked for as words too: newer models keep it to themselves where nothing is said.
    """
    claude = _Claude.named(request.model)
    fields: dict[str, Any] = {"max_tokens": request.max_output_tokens}
    if not request.thinking_tokens:
        return fields | _left_off(claude)
    if claude.is_since(_ADAPTIVE_SINCE):
        effort = effort_for(request.thinking_tokens)
        return fields | {"thinking": _adaptive(), "output_config": {"effort": effort}}
    # The API takes no fewer than 1,024, and they are part of max_tokens.
    budget = max(_LEAST_BUDGET, min(request.thinking_tokens, request.max_output_tokens - 1))
    return {
        "max_tokens": max(request.max_output_tokens, budget + 1),
        "thinking": {"type": "enabled", "budget_tokens": budget},
    }


def _left_off(claude: _Claude) -> dict[str, Any]:
    if not claude.is_since(_THINKS_SINCE):
        return {}
    word = _SWITCHED_OFF_BY.get((claude.family, claude.major, claude.minor))
    return {"thinking": {"type": word} if word else _adaptive()}


def _adaptive() -> dict[str, str]:
    return {"type": "adaptive", "display": "summarized"}
