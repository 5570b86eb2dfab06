"""What must never be written down, and how it is masked where it turns up."""

import json
import threading
from collections.abc import Iterable

__all__ = ["Secrets"]

_MASK = "[key]"
_SHORTEST_KEY = 8  # local servers take any word as a key: masking `none` everywhere would only make logs unreadable


class Secrets:
    """Every key that this process has met. It only grows: what was a key once stays masked. For any thread."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._masked: tuple[str, ...] = ()  # longest first: one key may begin with another
        for key in keys:
            self.add(key)

    def __repr__(self) -> str:
        return f"Secrets({len(self._masked)} kept)"

    def add(self, key: str) -> None:
        """Mask it from now on, as it is and as JSON writes it."""
        if len(key) < _SHORTEST_KEY:
            return
        with self._lock:
            spellings = {*self._masked, key, json.dumps(key)[1:-1]}
            self._masked = tuple(sorted(spellings, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """The text with `[key]` in the place of each key."""
        for key in self._masked:
            text = text.replace(key, _MASK)
        return text
