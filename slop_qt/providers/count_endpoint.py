"""Asking a provider how many tokens a request is: one try, a few seconds, and never an error."""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import orjson

from slop_qt.core.conversation import ModelRequest
from slop_qt.core.errors import ProviderError
from slop_qt.providers.http_failures import FailureTranslator, Refusal

__all__ = ["CountDoor", "CountEndpoint"]

_LOG = logging.getLogger(__name__)

# Seconds: for the whole of a count, and how long nobody asks after one that failed.
_WHOLE_S = 5.0
_PAUSE_S = 60.0
# Bytes of an answer: a count is a line.
_BODY = 64 * 1024
# There is no such thing at this address.
_NEVER = frozenset({404, 405, 501})
# This request is not liked; the next one may be.
_THIS_ONE = frozenset({400, 413, 422})


class CountDoor:
    """Whether a provider's endpoint is worth asking: shared by all of its sessions, from any thread.

    now is the time in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._closed_until = -math.inf

    @property
    def is_open(self) -> bool:
        """Whether to ask."""
        return self._now() >= self._closed_until

    def pause(self) -> None:
        """It did not answer well: not again for a minute."""
        self._closed_until = max(self._closed_until, self._now() + _PAUSE_S)

    def close(self) -> None:
        """It does not exist."""
        self._closed_until = math.inf


class CountEndpoint:
    """One session's way to the provider's count, over the session's own connections. Lives in its lane's loop.

    send gives a response with `iter_bytes()`; read finds the number in its JSON; refusal is the adapter's.
    """

    def __init__(
        self,
        door: CountDoor,
        failures: FailureTranslator,
        *,
        send: Callable[[ModelRequest], AbstractAsyncContextManager[Any]],
        read: Callable[[Any], object],
        refusal: Callable[[Any], Refusal | None],
    ) -> None:
        self._door = door
        self._failures = failures
        self._send = send
        self._read = read
        self._refusal = refusal

    async def count(self, request: ModelRequest) -> int | None:
        """The request's tokens; None where there is no endpoint, or it did not answer as it should."""
        if not self._door.is_open:
            return None
        try:
            async with asyncio.timeout(_WHOLE_S):
                body = await self._ask(request)
            return _number(self._read(orjson.loads(body)))
        except UnicodeEncodeError:
            return None  # half of a surrogate pair, which the answer's own request will say
        except ProviderError as error:
            _LOG.info("Tokens were not counted: %s", error.message)
        except self._failures.caught as error:
            self._remember(self._refusal(error))
            _LOG.info("Tokens were not counted: %s", self._failures.translate(error, request.model).message)
        except (TimeoutError, ValueError, KeyError, TypeError) as error:
            self._door.pause()
            _LOG.info("Tokens were not counted: %s in the answer to it.", type(error).__name__)
        return None

    async def _ask(self, request: ModelRequest) -> bytes:
        body = bytearray()
        async with self._send(request) as response:
            async for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _BODY:
                    raise ValueError("longer than any count")
        return bytes(body)

    def _remember(self, refusal: Refusal | None) -> None:
        if refusal is not None and refusal.status in _NEVER:
            self._door.close()
        elif refusal is None or refusal.status not in _THIS_ONE:
            self._door.pause()


def _number(found: object) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise ValueError("no count")
    return found
