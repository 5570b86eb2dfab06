"""How long to wait before something is tried again: what the server asks for, or a time that doubles."""

from collections.abc import Callable

__all__ = ["wait_s"]

_FIRST_S = 0.5
_LONGEST_S = 30.0
_MOST_DOUBLINGS = 6
# A server that asks for more than this is asked again earlier.
_LONGEST_RETRY_AFTER_S = 120.0


def wait_s(failures: int, retry_after_s: float | None, jitter: Callable[[], float]) -> float:
    """Seconds to wait after so many failures in a row, at least one.

    retry_after_s is what the server asked for, None where it said nothing; jitter gives a number from 0 to 1 that
    spreads the waits of those who failed together.
    """
    if retry_after_s is not None:
        return min(max(retry_after_s, 0.0), _LONGEST_RETRY_AFTER_S)
    return min(_FIRST_S * 2.0 ** min(failures - 1, _MOST_DOUBLINGS), _LONGEST_S) * (0.5 + 0.5 * jitter())
