"""What Gemini says where it refuses, breaks off or stops short, as sentences and as what to do about them."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from slop_qt.core.errors import ProviderError
from slop_qt.providers.http_failures import Refusal, is_rate_limit, says_overflow

__all__ = ["broken_off", "prompt_refused", "refusal", "stopped_short"]

_REWORD = "Reword the ticket, or choose another model."
_PASSING_STATUSES = frozenset({"ABORTED", "DEADLINE_EXCEEDED", "INTERNAL", "RESOURCE_EXHAUSTED", "UNAVAILABLE"})

# Finish reasons after which the answer is no answer: what happened, what to do, whether another may do better.
_STOPPED_SHORT: dict[str, tuple[str, str, bool]] = {
    "RECITATION": ("the answer began to repeat a text that it was trained on", _REWORD, True),
    "LANGUAGE": ("it cannot answer in that language", _REWORD, False),
    "BLOCKLIST": ("the answer has a word that may not be said", _REWORD, False),
    "PROHIBITED_CONTENT": ("the answer has what is prohibited", _REWORD, False),
    "SPII": ("the answer has personal data that must be protected", _REWORD, False),
    "ESCALATION": ("a rule of the vendor's forbids the answer", _REWORD, False),
    "MODEL_ARMOR": ("a filter of the account's forbids the answer", _REWORD, False),
    "PUP_LIMITED_DISABLED": (
        "the account is limited for what it was used for",
        "Look at the account in Google AI Studio.",
        False,
    ),
    "MALFORMED_FUNCTION_CALL": ("it made a tool call that cannot be read", "", True),
    "UNEXPECTED_TOOL_CALL": ("it called a tool that it does not have", "", True),
    "TOO_MANY_TOOL_CALLS": ("it made too many tool calls at once", "Cut the ticket into smaller ones.", True),
    "MALFORMED_RESPONSE": ("its answer cannot be read", "", True),
    "MISSING_THOUGHT_SIGNATURE": ("a thought of its own came back without its signature", "Try again.", False),
    "CONTINUATION": ("its answer is longer than one response, and cannot be gone on with", "", True),
    "OTHER": ("it gives no reason", "", True),
}


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """An HTTP answer that is an error; body is what it said, JSON or not."""
    said: dict[str, Any] = {}
    with contextlib.suppress(ValueError):
        said = _error(orjson.loads(body))
    message = said.get("message")
    words = message if isinstance(message, str) else ""
    details = list(_details(said))
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details) or "API key not valid" in words:
        return Refusal(status, headers, words, "key")
    if status == 400 and says_overflow(words):
        return Refusal(status, headers, words, "overflow")
    if status == 429 and any("PerDay" in str(violation) for detail in details for violation in _violations(detail)):
        return Refusal(status, headers, words, "quota")
    return Refusal(status, headers, words, retry_after_s=_retry_delay_s(details))


def broken_off(said: Any) -> ProviderError:
    """An error in an answer that has begun; said is its `error` object (google.rpc.Status)."""
    error = _error({"error": said})
    code, status = error.get("code"), str(error.get("status", ""))
    asked = _retry_delay_s(list(_details(error)))
    return ProviderError(
        f"The provider broke off its answer: {error.get('message', '')} ({status or code or 'error'}).",
        retryable=status in _PASSING_STATUSES or code in {408, 429} or (isinstance(code, int) and code >= 500),
        retry_after_s=asked,
        rate_limited=status == "RESOURCE_EXHAUSTED" or (isinstance(code, int) and is_rate_limit(code, asked)),
    )


def prompt_refused(feedback: Mapping[str, Any]) -> ProviderError:
    """The prompt was blocked: nothing was generated."""
    message = feedback.get("blockReasonMessage")
    return ProviderError(
        f"Gemini refused the prompt before the model saw it ({feedback['blockReason']})."
        + (f" It says: {message}" if message else ""),
        _REWORD,
    )


def stopped_short(reason: str, message: str) -> ProviderError:
    """The model stopped for a reason that makes its answer useless; message is the API's own, or empty."""
    says = f" It says: {message}" if message else ""
    if reason not in _STOPPED_SHORT:
        return ProviderError(f"The model stopped for the reason {reason!r}, which is not known here.{says}")
    what, hint, retryable = _STOPPED_SHORT[reason]
    return ProviderError(f"The model stopped: {what} ({reason}).{says}", hint, retryable=retryable)


def _error(body: Any) -> dict[str, Any]:
    """The `error` object of a body; some endpoints put it into a list of one."""
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {"message": error} if isinstance(error, str) else {}


def _details(error: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    details = error.get("details")
    if isinstance(details, list):
        yield from (detail for detail in details if isinstance(detail, dict))


def _violations(detail: Mapping[str, Any]) -> list[Any]:
    """What a google.rpc.QuotaFailure names."""
    violations = detail.get("violations")
    return violations if isinstance(violations, list) else []


def _retry_delay_s(details: list[dict[str, Any]]) -> float | None:
    """Seconds from a google.rpc.RetryInfo, which writes them like "34.5s"."""
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and delay.endswith("s"):
            with contextlib.suppress(ValueError):
                seconds = float(delay[:-1])
                if math.isfinite(seconds):
                    return max(seconds, 0.0)
    return None
