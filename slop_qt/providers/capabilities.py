"""What each adapter can do, as data: for documentation, dialogs and tests, without a key and without an SDK."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from slop_qt.core.conversation import CacheTtl, StopReason
from slop_qt.providers.endpoint import Vendor

__all__ = ["Capabilities"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an adapter does with its API. A server behind it may do less: what is not sent cannot be shown.

    Attributes:
        vendor: how the person sets it, None where there is nothing to set.
        key_variables: where a key is looked for, the first that has one counts.
        keyless: where it works without a key.
        streams_text: words are handed on while the answer is not complete.
        shows_thinking: thinking is told apart from text.
        thinking_asked: in what a request says how much to think, None where it cannot.
        returns_thinking: how thinking travels back unchanged in the next request: with the vendor's signature, or under
            the name that it came by; None where it does not.
        parallel_calls: one answer may hold several tool calls.
        raw_arguments: arguments come as raw JSON in pieces, so that broken ones are seen and answered.
        stops: the API's reasons to end an answer, and ours for each.
        caching: how the beginning of a request comes into the provider's cache: by marks in the request, by a cache
            that is made for the agent, by itself with a hint which requests begin alike, None where nothing is cached.
        cache_ttls: the lifetimes of what is cached that can be chosen.
        counts_before: where it is asked how many tokens a request is before it is sent, None where it cannot be.
        cache_reads, cache_writes, reasoning: tokens that are counted apart in an answer.
        lists: what its list of models says of each besides the name, as `ModelInfo` calls it; servers may say more.
        prices: by what an answer's price is looked up, None where there is none.
    """

    vendor: Vendor | None
    key_variables: tuple[str, ...]
    keyless: Literal["never", "elsewhere", "always"]
    streams_text: bool
    shows_thinking: bool
    thinking_asked: Literal["tokens", "effort"] | None
    returns_thinking: Literal["signed", "named"] | None
    parallel_calls: bool
    raw_arguments: bool
    stops: Mapping[str, StopReason]
    caching: Literal["marks", "made", "hint"] | None
    cache_ttls: tuple[CacheTtl, ...]
    counts_before: str | None
    cache_reads: bool
    cache_writes: bool
    reasoning: bool
    lists: tuple[str, ...]
    prices: Literal["model", "address and model"] | None
