"""A request's size in a line, and its composition as a tip."""

import html

from slop_qt.core.context import CacheState, ContextPart, ContextReport
from slop_qt.core.visible_text import make_visible
from slop_qt.qt.words import count, plural

__all__ = ["composition_tip", "size_words"]

_DIGITS = 3  # of an estimate: more would look like knowledge
_ROWS = 12
_CACHE: dict[CacheState, str] = {
    "warm": "The last answer read it from the provider's cache.",
    "cold": "The last answer read nothing from the provider's cache.",
    "expired": "It is no longer in the provider's cache.",
    "none": "The provider has no cache.",
    "unknown": "Whether the provider has it in its cache shows with its answer.",
}


def size_words(report: ContextReport) -> str:
    """`12,340 of 200,000 tokens (counted by the provider)`, `≈ 12,300 tokens (estimate)`."""
    limit = f" of {count(report.limit_tokens)}" if report.limit_tokens else ""
    if report.measured == "provider":
        return f"{count(report.used_tokens)}{limit} tokens (counted by the provider)"
    return f"≈ {count(_rounded(report.used_tokens))}{limit} tokens (estimate)"


def composition_tip(report: ContextReport) -> str:
    """The parts, the largest first, as rich text: what stands in it was written by models, and is escaped."""
    parts = sorted(report.parts, key=lambda part: -part.tokens)
    shown, rest = parts[:_ROWS], parts[_ROWS:]
    rows = [_row(count(part.tokens), _name(part)) for part in shown]
    if rest:
        rows.append(_row(count(sum(part.tokens for part in rest)), plural(len(rest), "smaller part")))
    prefix = (
        f"{count(report.cache.prefix_tokens)} tokens are the same in every request. "
        if report.cache.prefix_tokens
        else ""
    )
    return f"<p>The last request:</p><table>{''.join(rows)}</table><p>{prefix}{_CACHE[report.cache.state]}</p>"


def _row(tokens: str, name: str) -> str:
    return f'<tr><td align="right">{tokens}&nbsp;&nbsp;</td><td>{name}</td></tr>'


def _name(part: ContextPart) -> str:
    return html.escape(make_visible(part.label))


def _rounded(tokens: int) -> int:
    return round(tokens, min(0, _DIGITS - len(str(tokens))))
