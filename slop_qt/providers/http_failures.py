"""What goes wrong between us and a model's API, as sentences that name the host and say what to do."""

import email.utils
import math
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from slop_qt.core.errors import ProviderError
from slop_qt.providers.endpoint import Endpoint

__all__ = ["OVERFLOW_HINT", "FailureTranslator", "Refusal", "is_rate_limit", "retry_after_s", "says_overflow"]

OVERFLOW_HINT = "Cut the ticket into smaller ones, or choose a model with a larger context window."

_SENTENCES = {  # what happened, what to do; {host}, {model} and the vendor's words are filled in
    400: ("{host} refused the request (400)", ""),
    401: ("{host} refused the key (401)", "{key_hint}"),
    402: ("{host} wants to be paid first (402)", "Look at the account's balance."),
    403: ("{host} does not allow this key to do that (403)", "Choose a model that the key may use, or another key."),
    404: (
        "{host} knows no model {model}, or has no {api} there (404)",
        "Check the model's name and {address_variable} (like {base_url} or {local_example}).",
    ),
    413: ("The request is too large for {host} (413)", "Cut the ticket into smaller ones."),
    429: ("{host} says that there are too many requests (429)", "Wait, or run fewer workers."),
    529: ("{host} is overloaded (529)", ""),
}
# The same where no model was asked, but for the list of them.
_NO_LIST = (
    "{host} has no list of models there (404)",
    "Check {address_variable} (like {base_url} or {local_example}).",
)
_RETRYABLE_STATUSES = frozenset({408, 409, 429})

_OVERFLOW = re.compile(
    r"prompt is too long|context[ _](?:length|window|size|limit)|exceed_context|input token count", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer that is an error, as the SDK tells it.

    message is the server's own, or empty. kind is what the vendor's codes say beyond the status: that the key is
    wrong, that the account has no credit left, that the conversation is too long.
    """

    status: int
    headers: Mapping[str, str]
    message: str = ""
    kind: Literal["", "key", "quota", "overflow"] = ""
    retry_after_s: float | None = None


class FailureTranslator:
    """Translates what an SDK and the libraries below it raise. It knows the key, so that no message contains it.

    caught is the tuple of what may be raised by them and is translated; everything else would be a defect of ours.
    refusal finds the HTTP answer in one of them, or None where there was none; timeouts are those that mean lateness.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        caught: tuple[type[Exception], ...],
        timeouts: tuple[type[Exception], ...],
        refusal: Callable[[Exception], Refusal | None],
    ) -> None:
        self.transport_errors: tuple[type[Exception], ...] = (*caught, OSError)
        self.caught: tuple[type[Exception], ...] = (ProviderError, *self.transport_errors)
        self._timeouts = timeouts
        self._refusal = refusal
        self._endpoint = endpoint

    def translate(self, error: Exception, model: str) -> ProviderError:
        """Raise it `from None`: the original may have the key in its text. An empty model is the list of models."""
        failure = error if isinstance(error, ProviderError) else self._translated(error, model)
        return ProviderError(
            self._endpoint.redact(failure.message),
            self._endpoint.redact(failure.hint),
            retryable=failure.retryable,
            retry_after_s=failure.retry_after_s,
            rate_limited=failure.rate_limited,
            overflow=failure.overflow,
        )

    def _translated(self, error: Exception, model: str) -> ProviderError:
        refusal = self._refusal(error)
        if refusal is None:
            return self._of_transport(error)
        if 300 <= refusal.status < 400:
            return self._of_redirect(refusal)
        return self._of_refusal(refusal, model)

    def _of_redirect(self, refusal: Refusal) -> ProviderError:
        target = urlsplit(refusal.headers.get("location", "")).netloc or "another address"
        return ProviderError(
            f"{self._endpoint.host} redirects to {target} ({refusal.status}), which was not followed: the key would "
            "go along.",
            f"If that is where requests should go, set {self._endpoint.vendor.address_variable} to it.",
        )

    def _of_refusal(self, refusal: Refusal, model: str) -> ProviderError:
        what, hint = self._sentence(refusal, model)
        asked = refusal.retry_after_s
        if asked is None:
            asked = retry_after_s(refusal.headers, datetime.now(UTC))
        retryable = not refusal.kind and (refusal.status in _RETRYABLE_STATUSES or refusal.status >= 500)
        return ProviderError(
            f"{what}: {refusal.message}" if refusal.message else f"{what}.",
            hint,
            retryable=retryable,
            retry_after_s=asked,
            rate_limited=retryable and is_rate_limit(refusal.status, asked),
            overflow=refusal.kind == "overflow" or refusal.status == 413,
        )

    def _sentence(self, refusal: Refusal, model: str) -> tuple[str, str]:
        status, host, vendor = refusal.status, self._endpoint.host, self._endpoint.vendor
        if refusal.kind == "overflow":
            return f"{host} refused the request ({status}), the conversation is too long for {model}", OVERFLOW_HINT
        if refusal.kind == "quota":
            return f"The account at {host} has no credit left ({status})", "Look at its plan and balance."
        if refusal.kind == "key":
            status = 401
        if status == 401 and not self._endpoint.key:
            return f"{host} wants a key ({refusal.status})", vendor.key_hint
        general = "{host} failed" if status >= 500 else "{host} refused the request"
        what, hint = _SENTENCES.get(status, (f"{general} ({status})", ""))
        if status == 404 and not model:
            what, hint = _NO_LIST
        words = {
            "host": host,
            "model": model,
            "api": vendor.api.removeprefix("the "),
            "key_hint": vendor.key_hint,
            "address_variable": vendor.address_variable,
            "base_url": vendor.base_url,
            "local_example": vendor.local_example,
        }
        return what.format(**words).replace(f"({status})", f"({refusal.status})"), hint.format(**words)

    def _of_transport(self, error: Exception) -> ProviderError:
        host, address_variable = self._endpoint.host, self._endpoint.vendor.address_variable
        causes = list(_chain(error))
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return ProviderError(
                    f"The certificate of {host} cannot be trusted: {cause.verify_message}.",
                    f"Check the computer's clock, proxy and certificates, and {address_variable}.",
                )
            if isinstance(cause, socket.gaierror):
                return ProviderError(
                    f"{host} cannot be found.", f"Check the network and {address_variable}.", retryable=True
                )
            if isinstance(cause, ConnectionRefusedError):
                return ProviderError(
                    f"{host} refuses connections.",
                    f"Check that a server runs there, and {address_variable}.",
                    retryable=True,
                )
        # A transport may call any broken connection late, but not what lies below: so that is believed.
        if isinstance(causes[-1], self._timeouts) or any(isinstance(cause, TimeoutError) for cause in causes):
            return ProviderError(f"{host} did not answer in time.", retryable=True)
        return ProviderError(
            f"The connection to {host} broke ({type(causes[-1]).__name__}).", "Check the network.", retryable=True
        )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and so on."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def says_overflow(words: str) -> bool:
    """Whether a server's code or message says that the conversation is too long for the model."""
    return _OVERFLOW.search(words) is not None


def is_rate_limit(status: int, asked_s: float | None) -> bool:
    """Whether a status, of an answer or of an error in it, is for all who send to slow down.

    503 says so only where the server also says when it will be better; asked_s is what it asks to wait, None if not.
    """
    return status in {429, 529} or (status == 503 and asked_s is not None)


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a server asks to wait; None where it says nothing that can be understood.

    Retry-After has seconds or a date (RFC 9110, 10.2.3); retry-after-ms is what some vendors send beside it.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return max(milliseconds / 1000, 0.0)
    header = headers.get("retry-after", "")
    seconds = _number(header)
    if seconds is None and header:
        try:
            when = email.utils.parsedate_to_datetime(header)
        except (ValueError, OverflowError):
            return None
        seconds = (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds()
    return None if seconds is None else max(seconds, 0.0)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
