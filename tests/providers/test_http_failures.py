"""What is said of failures, and how long servers ask to wait."""

import itertools
import ssl
from datetime import UTC, datetime

import pytest

from slop_qt.core.errors import ProviderError
from slop_qt.providers.endpoint import Endpoint, Vendor
from slop_qt.providers.http_failures import FailureTranslator, retry_after_s, says_overflow

VENDOR = Vendor(
    "Anyone", "the Any API", "ANY_API_KEY", "ANY_BASE_URL", "https://any.example", "http://localhost:1", "Go."
)


class LateError(Exception):
    """What a transport says of a timeout, and of other things."""


def translated(*chain, key="a-long-secret"):
    """The failure that comes of an error and what caused it, and so on."""
    for error, cause in itertools.pairwise(chain):
        error.__cause__ = cause
    endpoint = Endpoint.checked(VENDOR, base_url="", key=key)
    translator = FailureTranslator(endpoint, caught=(LateError,), timeouts=(LateError,), refusal=lambda _: None)
    assert isinstance(chain[0], translator.caught)
    return translator.translate(chain[0], "model")


@pytest.mark.parametrize(
    "chain", [[TimeoutError()], [LateError()], [LateError(), TimeoutError()], [OSError(), TimeoutError()]]
)
def test_what_took_too_long_is_said_to_be_late(chain):
    failure = translated(*chain)
    assert failure.message == "any.example did not answer in time."
    assert failure.retryable


def test_a_broken_connection_is_not_called_late_though_the_transport_does():
    assert "broke (ConnectionResetError)" in translated(LateError(), ConnectionResetError()).message
    assert "refuses connections" in translated(LateError(), OSError(), ConnectionRefusedError()).message


def test_a_certificate_that_cannot_be_trusted_is_no_matter_of_trying_again():
    error = ssl.SSLCertVerificationError()
    error.verify_message = "self-signed certificate"
    failure = translated(LateError(), error)
    assert "self-signed certificate" in failure.message
    assert "ANY_BASE_URL" in failure.hint
    assert not failure.retryable


def test_causes_that_go_round_in_a_circle_are_followed_once():
    first, second = OSError(), OSError()
    second.__cause__ = first
    assert translated(first, second).retryable


def test_the_key_is_in_no_message_but_a_word_that_is_no_secret_may_be():
    failure = translated(ProviderError("It is a-long-secret.", "Not a-long-secret.", retry_after_s=3))
    assert (failure.message, failure.hint, failure.retry_after_s) == ("It is [key].", "Not [key].", 3)
    assert translated(ProviderError("any word will do"), key="any").message == "any word will do"


@pytest.mark.parametrize(
    ("words", "overflow"),
    [
        ("prompt is too long: 300000 tokens > 200000 maximum", True),
        ("input length and `max_tokens` exceed context limit", True),
        ("context_length_exceeded", True),
        ("This model's maximum context length is 8192 tokens", True),
        ("The input token count (5) exceeds the maximum", True),
        ("string too long", False),
        ("", False),
    ],
)
def test_an_overflow_is_known_by_many_words(words, overflow):
    assert says_overflow(words) is overflow


NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("30", 30),
        ("1.5", 1.5),
        ("Fri, 31 Dec 9999999999999 23:59:59 GMT", None),
        ("Fri, 31 Dec 2026 99999999999999999999:59:59 GMT", None),
        ("-3", 0),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("later", None),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2026 12:00:10 -0000", 10),
        ("Sun, 99 Nov 2026 12:00:10 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert retry_after_s({} if header is None else {"retry-after": header}, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "-5"}, 0),
        ({"retry-after-ms": "nan", "retry-after": "9"}, 9),
        ({"retry-after-ms": "soon"}, None),
    ],
)
def test_milliseconds_come_first(headers, seconds):
    assert retry_after_s(headers, NOW) == seconds
