"""What goes wrong between us and Anthropic's API, as sentences that name the host and say what to do."""

import email.utils
import math
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from slop_qt.core.errors import ProviderError

__all__ = ["FailureTranslator", "retry_after_s"]

_OWN_STATUSES = {  # what happened, what to do; {host} and {model} are filled in
    400: ("{host} refused the request (400)", ""),
    401: ("{host} refused the key (401)", "Set ANTHROPIC_API_KEY to a valid key, then start again."),
    403: ("{host} does not allow this key to do that (403)", "Choose a model that the key may use, or another key."),
    404: (
        "{host} knows no model {model}, or has no Messages API there (404)",
        "Check the model's name and ANTHROPIC_BASE_URL.",
    ),
    413: ("The request is too large for {host} (413)", "Cut the ticket into smaller ones."),
    429: ("{host} says that there are too many requests (429)", "Wait, or run fewer workers."),
    529: ("{host} is overloaded (529)", ""),
}
_RETRYABLE_STATUSES = frozenset({408, 409, 429})


class FailureTranslator:
    """Translates what the SDK and the libraries below it raise. It knows the key, so that no message contains it.

    caught is the tuple of what may be raised by them and is translated; everything else would be a defect of ours.
    """

    def __init__(self, sdk: ModuleType, transports: tuple[ModuleType, ModuleType], host: str, key: str) -> None:
        httpx2, aiohttp = transports
        self.caught: tuple[type[Exception], ...] = (
            ProviderError,
            sdk.AnthropicError,
            httpx2.HTTPError,
            httpx2.StreamError,
            httpx2.InvalidURL,
            aiohttp.ClientError,
            OSError,
        )
        self._status_error: type[Exception] = sdk.APIStatusError
        self._timeouts = (sdk.APITimeoutError, httpx2.TimeoutException, TimeoutError)
        self._host = host
        self._key = key

    def translate(self, error: Exception, model: str) -> ProviderError:
        """Raise it `from None`: the original may have the key in its text."""
        if isinstance(error, ProviderError):
            failure = error
        elif isinstance(error, self._status_error):
            failure = self._of_status(error, model)
        else:
            failure = self._of_transport(error)
        return ProviderError(
            self._redact(failure.message),
            self._redact(failure.hint),
            retryable=failure.retryable,
            retry_after_s=failure.retry_after_s,
        )

    def _redact(self, text: str) -> str:
        return text.replace(self._key, "[key]")

    def _of_status(self, error: Any, model: str) -> ProviderError:
        status: int = error.status_code
        headers = error.response.headers
        if 300 <= status < 400:
            target = urlsplit(headers.get("location", "")).netloc or "another address"
            return ProviderError(
                f"{self._host} redirects to {target} ({status}), which was not followed: the key would go along.",
                "If that is where requests should go, set ANTHROPIC_BASE_URL to it.",
            )
        what, hint = _OWN_STATUSES.get(status, ("{host} failed" if status >= 500 else "{host} refused the request", ""))
        what = what.format(host=self._host, model=model)
        if f"({status})" not in what:
            what = f"{what} ({status})"
        if status == 400 and "too long" in str(error.api_message):
            hint = "Cut the ticket into smaller ones, or choose a model with a larger context window."
        return ProviderError(
            f"{what}: {error.api_message}" if error.api_message else f"{what}.",
            hint,
            retryable=status in _RETRYABLE_STATUSES or status >= 500,
            retry_after_s=retry_after_s(headers.get("retry-after"), datetime.now(UTC)),
        )

    def _of_transport(self, error: Exception) -> ProviderError:
        causes = list(_chain(error))
        if any(isinstance(cause, self._timeouts) for cause in causes):
            return ProviderError(f"{self._host} did not answer in time.", retryable=True)
        for cause in causes:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return ProviderError(
                    f"The certificate of {self._host} cannot be trusted: {cause.verify_message}.",
                    "Check the computer's clock, proxy and certificates, and ANTHROPIC_BASE_URL.",
                )
            if isinstance(cause, socket.gaierror):
                return ProviderError(
                    f"{self._host} cannot be found.", "Check the network and ANTHROPIC_BASE_URL.", retryable=True
                )
            if isinstance(cause, ConnectionRefusedError):
                return ProviderError(
                    f"{self._host} refuses connections.",
                    "Check that a server runs there, and ANTHROPIC_BASE_URL.",
                    retryable=True,
                )
        return ProviderError(
            f"The connection to {self._host} broke ({type(causes[-1]).__name__}).", "Check the network.", retryable=True
        )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and so on."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header, which has seconds or a date (RFC 9110, 10.2.3); None where it has neither."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            when = email.utils.parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None
