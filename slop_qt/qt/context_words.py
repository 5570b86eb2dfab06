"""What a request is made of, in words: its size, what is left out of it, and where the provider's cache stands."""

from datetime import datetime

from slop_qt.core.context import ContextReport, Measured
from slop_qt.core.usage import Usage
from slop_qt.core.visible_text import make_visible
from slop_qt.qt.part_looks import cache_now
from slop_qt.qt.words import count, plural

__all__ = ["cache_sentence", "share_words", "size_of", "time_left", "tokens", "trim_sentence"]


def tokens(number: int, measured: Measured) -> str:
    """`12,340` as the provider counted, `≈ 12,340` as estimated."""
    return count(number) if measured == "provider" else f"≈ {count(number)}"


def size_of(report: ContextReport) -> str:
    """`12,340 of 200,000 tokens`, `≈ 12,340 tokens, estimated`."""
    limit = f" of {count(report.limit_tokens)}" if report.limit_tokens else ""
    estimated = "" if report.measured == "provider" else ", estimated"
    return f"{tokens(report.used_tokens, report.measured)}{limit} tokens{estimated}"


def share_words(part: int, whole: int) -> str:
    """`31 %`; `< 1 %` for what is there and rounds to nothing."""
    if not part or not whole:
        return "0 %"
    percent = round(100 * part / whole)
    return f"{percent} %" if percent else "< 1 %"


def time_left(seconds: float) -> str:
    """`4:12`, `1:02:30`."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def trim_sentence(report: ContextReport) -> str:
    """What the next request leaves out, and what that saves; how much room there is where it leaves out nothing."""
    trimmed = report.would_trim
    if trimmed:
        results = {part.label for part in report.parts if part.kind == "tool_result"}
        noun = "result" if all(each.label in results for each in trimmed) else "part"
        saved = count(sum(each.tokens for each in trimmed))
        return f"The next request leaves out {plural(len(trimmed), noun)} and saves about {saved} tokens."
    if not report.limit_tokens:
        return "Nothing would be left out: nobody has said how much this model takes."
    room = report.limit_tokens - report.used_tokens
    if room < 0:
        over = tokens(-room, report.measured)
        return f"Nothing can be left out, though the request is {over} tokens over its limit."
    return f"Nothing would be left out: {tokens(room, report.measured)} tokens of room."


def cache_sentence(report: ContextReport, usage: Usage | None, now: datetime) -> str:
    """Where the cache stands, to go on after the word of its look. usage is that of the stream's last response."""
    cache = report.cache
    state = cache_now(cache, now)
    moved = _moved(usage)
    if state == "none":
        return "This provider has no cache."
    if state == "expired":
        ago = f"{time_left((now - cache.expires_at).total_seconds())} ago: " if cache.expires_at is not None else ""
        return f"{ago}{count(cache.prefix_tokens)} tokens will be read anew, at the full price."
    if cache.broken_by:
        return f"by: {_ended(make_visible(cache.broken_by))} {moved}".rstrip()
    if state == "warm":
        left = cache.expires_at
        more = f"for {time_left((left - now).total_seconds())} more" if left is not None else ""
        return f"{more}: {moved}" if more and moved else moved or f"{more}."
    if state == "cold":
        return moved or "Nothing of it was in the cache."
    return "Whether it is in the provider's cache shows with the answer."


def _moved(usage: Usage | None) -> str:
    if usage is None or not usage.requests:
        return ""
    read, written = count(usage.cache_read_tokens), count(usage.cache_write_tokens)
    return f"{read} tokens read, {written} written by the last request."


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."
