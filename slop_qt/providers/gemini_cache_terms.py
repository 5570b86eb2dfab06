"""What Gemini's servers say of the caches that one can have made: from which size on, and whether at all."""

import re

from slop_qt.providers.http_failures import Refusal

__all__ = ["CacheTerms"]

# As ai.google.dev/gemini-api/docs/caching had it in June 2026; it has changed with almost every model.
_LEAST_TOKENS = 4096
_LEAST_TOKENS_2_5 = 2048
_TOO_SMALL = re.compile(r"min_total_token_count=(\d{1,9})")
_NEVER = frozenset({403, 404, 405, 501})


class CacheTerms:
    """What is known by model; what the server says itself counts. For all sessions of a provider, in any thread."""

    def __init__(self) -> None:
        self._least: dict[str, int] = {}
        self._never: set[str] = set()

    def fits(self, model: str, tokens: int) -> bool:
        """Whether a prefix of so many tokens can have a cache."""
        default = _LEAST_TOKENS_2_5 if "gemini-2.5" in model else _LEAST_TOKENS
        return model not in self._never and tokens >= self._least.get(model, default)

    def learn(self, model: str, refusal: Refusal) -> None:
        """The server refused to make a cache. A key without billing is refused with a limit of 0 tokens."""
        too_small = _TOO_SMALL.search(refusal.message)
        if too_small is not None:
            self._least[model] = int(too_small[1])
        elif refusal.status in _NEVER or refusal.kind or "limit=0" in refusal.message:
            self._never.add(model)
