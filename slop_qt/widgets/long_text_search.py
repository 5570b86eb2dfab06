"""Finds words in a LongText, a little at a time: millions of characters, and thousands of places."""

import re
import time
from array import array
from bisect import bisect_left

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from slop_qt.qt.theme import Theme
from slop_qt.widgets.long_text import LongText
from slop_qt.widgets.search_bar import SearchBar

__all__ = ["LongTextSearch"]

_SLICE_S = 0.002  # of searching, before the window may do something else
_STRETCH = 20_000  # characters that are searched at once


class LongTextSearch(SearchBar):
    """Searches the text itself, not what is shown for it: a broken line is whole. Lives in the GUI thread."""

    def __init__(self, theme: Theme, name: str, view: LongText, parent: QWidget | None = None) -> None:
        super().__init__(theme, name, view, parent)
        self._long = view
        self._pattern: re.Pattern[str] | None = None
        self._length = 0
        self._found = array("Q")  # where each place begins, in the text
        self._at = 0
        self._origin = 0
        self._chosen: int | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._search)

    @property
    def searching(self) -> bool:
        """Whether there may be more than has been found."""
        return self._timer.isActive()

    def text_changed(self) -> None:
        """The view shows another text: what was found is not there."""
        self.look_for(self.words)

    def look_for(self, words: str) -> None:
        """Find all places of these words, and go to the first one from here on."""
        self._found = array("Q")
        self._at, self._chosen = 0, None
        self._length = len(words)
        self._origin = self._long.place
        self._pattern = re.compile(re.escape(words), re.IGNORECASE) if words else None
        if self._pattern is None:
            self._timer.stop()
            self.say("")
        else:
            self._timer.start()

    def seek(self, *, backwards: bool) -> None:
        """Go to the next place or the one before, and round."""
        if not self._found:
            return
        if self._chosen is None:
            self._go(bisect_left(self._found, self._origin) % len(self._found))
        else:
            self._go((self._chosen + (-1 if backwards else 1)) % len(self._found))

    def _search(self) -> None:
        begin = time.perf_counter()
        while self._at < len(self._long.text) and time.perf_counter() - begin < _SLICE_S:
            self._search_stretch(begin)
        done = self._at >= len(self._long.text)
        if done:
            self._timer.stop()
        if self._chosen is None and self._found:
            following = bisect_left(self._found, self._origin)
            if following < len(self._found) or done:
                self._go(following % len(self._found))
                return
        self._say_count()

    def _search_stretch(self, begin: float) -> None:
        assert self._pattern is not None
        text, end = self._long.text, self._at + _STRETCH
        while (match := self._pattern.search(text, self._at, end + self._length - 1)) is not None:
            self._found.append(match.start())
            self._at = match.end()
            if time.perf_counter() - begin >= _SLICE_S:
                return
        self._at = max(end, self._at)

    def _go(self, number: int) -> None:
        self._chosen = number
        start = self._found[number]
        self._long.select(start, start + self._length)
        self._say_count()
        self.moved.emit()

    def _say_count(self) -> None:
        more = "…" if self.searching else ""
        if self._chosen is None or not self._found:
            self.say(f"{len(self._found):,} found{more}")
        else:
            self.say(f"{self._chosen + 1:,} of {len(self._found):,}{more}")
