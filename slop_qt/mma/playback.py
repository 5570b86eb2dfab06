"""Plays a recording back: a session state that goes forward and back through its events."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from slop_qt.core.state import Changes, SessionState
from slop_qt.mma.feed import Listener
from slop_qt.mma.recording import Recording, StopKind

__all__ = ["FASTEST", "SLOWEST", "Playback"]

SLOWEST, FASTEST = 0.1, 100.0
_SLICE_S = 0.004
_FRAME_S = 0.033
_SHOW_S = 0.1  # on a long way forward it is shown so often how far it has got: showing costs more than folding


class Playback:
    """Folds a recording's events into a state as a live session does, and tells the same listeners. Begins paused,
    before the first event. Lives on the main thread's loop.

    Forward, events are folded into the state that is there; back, into a fresh one, from the beginning, which takes the
    old one's place when it has got there. Either way at most 4 ms a turn of the loop. Listeners are told when it is
    there, and on a long way forward ten times a second.

    Attributes:
        recording: what is played.
        on_moved: called after each turn in which the position, or whether and how fast it plays, is another one.
    """

    def __init__(self, recording: Recording, loop: asyncio.AbstractEventLoop, speed: float = 1.0) -> None:
        self.recording = recording
        self.on_moved: Callable[[], None] = lambda: None
        self._loop = loop
        self._speed = speed
        self._state = SessionState()
        self._position = 0
        self._target = 0
        self._aside: tuple[SessionState, int] | None = None  # what takes the state's place, and how far it has got
        self._untold = Changes()
        self._told_at = loop.time()
        self._playing = False
        self._anchor = (0.0, 0.0)  # a moment of the loop's clock, and what is played at it, in seconds
        self._turning: asyncio.Handle | None = None
        self._listeners: tuple[Listener, ...] = ()
        self._waiters: list[asyncio.Future[None]] = []
        self._closed = False

    @property
    def state(self) -> SessionState:
        """The state at the position; another object each time that it went back."""
        return self._state

    @property
    def position(self) -> int:
        """How many events have happened."""
        return self._position

    @property
    def target(self) -> int:
        """Where it is going to: the position, but for the moments in which it goes somewhere."""
        return self._target

    @property
    def playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._playing

    @property
    def speed(self) -> float:
        """Recorded seconds a second."""
        return self._speed

    def now(self) -> datetime:
        """The recorded moment."""
        return self.recording.time_at(self._position)

    def subscribe(self, listener: Listener) -> None:
        """Have `listener` called after each turn, with what the turn changed."""
        self._listeners = (*self._listeners, listener)

    def unsubscribe(self, listener: Listener) -> None:
        """Stop that, at once."""
        self._listeners = tuple(other for other in self._listeners if other != listener)

    def play(self) -> None:
        """Go on by itself; at the end, from the beginning."""
        if self._closed or self._playing:
            return
        self._playing = True
        if self._target == len(self.recording):
            self._target = 0
        self._anchor_here()
        self._turn_now()
        self.on_moved()

    def pause(self) -> None:
        """Stay where it is."""
        if self._playing:
            self._playing = False
            self.on_moved()

    def set_speed(self, speed: float) -> None:
        """Play so many recorded seconds a second, from SLOWEST to FASTEST."""
        self._anchor_here()
        self._speed = min(max(speed, SLOWEST), FASTEST)
        self._turn_now()
        self.on_moved()

    def seek(self, position: int) -> None:
        """Go there; if it plays, it goes on from there."""
        if self._closed:
            return
        self._target = min(max(position, 0), len(self.recording))
        self._anchor_here()
        self._turn_now()

    def step(self, events: int) -> None:
        """Pause, and go so many events forward, or back where it is below 0."""
        self.pause()
        self.seek(self._target + events)

    def go_to_next(self, kind: StopKind) -> None:
        """Pause, and go to the next stop of that kind; nowhere where there is none."""
        stop = self.recording.next_stop(kind, self._target)
        if stop is not None:
            self.pause()
            self.seek(stop)

    async def settled(self) -> None:
        """Return once it has got to where it was told to go, or was closed."""
        if self._position == self._target and self._aside is None:
            return
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        await waiter

    def close(self) -> None:
        """Stop, for good. Safe to call twice."""
        self._closed, self._playing = True, False
        if self._turning is not None:
            self._turning.cancel()
        self._listeners = ()
        self.on_moved = lambda: None
        self._let_go_on()

    def _anchor_here(self) -> None:
        """What is played at this moment is what is due at the target, or a part of the pause behind it."""
        at = self.recording.played_s(self._target)
        if self._playing and self._position == self._target:
            at = max(at, self._due())
        self._anchor = (self._loop.time(), min(at, self.recording.played_s(self._target + 1)))

    def _due(self) -> float:
        moment, played = self._anchor
        return played + (self._loop.time() - moment) * self._speed

    def _turn_now(self) -> None:
        if self._turning is not None:
            self._turning.cancel()
        self._turning = None if self._closed else self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turning = None
        if self._playing and self._position == self._target and self._aside is None:
            self._target = max(self.recording.position_at(self._due()), self._position)
        self._move()
        if self._closed:  # by who was told
            return
        if self._position != self._target or self._aside is not None:
            self._turn_now()
            return
        self._let_go_on()
        if not self._playing:
            return
        if self._position == len(self.recording):
            self.pause()
            return
        wait_s = (self.recording.played_s(self._position + 1) - self._due()) / self._speed
        self._turning = self._loop.call_later(max(wait_s, _FRAME_S), self._turn)

    def _move(self) -> None:
        """Come closer to the target, for one slice of time."""
        if self._target >= self._position:
            self._aside = None
            self._position = self._fold(self._state, self._position, self._untold)
            if self._position == self._target or self._loop.time() - self._told_at >= _SHOW_S:
                self._tell_untold()
            return
        if self._aside is None or self._aside[1] > self._target:
            self._aside = (SessionState(), 0)
        state, reached = self._aside
        reached = self._fold(state, reached, Changes())
        self._aside = (state, reached)
        if reached == self._target:
            self._state, self._position, self._aside = state, reached, None
            self._untold = Changes.to(state)
            self._tell_untold()

    def _fold(self, state: SessionState, position: int, changes: Changes) -> int:
        deadline = time.perf_counter() + _SLICE_S
        while position < self._target:
            state.apply(self.recording.events[position], changes)
            position += 1
            if time.perf_counter() >= deadline:
                break
        return position

    def _tell_untold(self) -> None:
        changes, self._untold = self._untold, Changes()
        if not (changes.last_seq or changes.replaced):
            return
        self._told_at = self._loop.time()
        for listener in self._listeners:
            try:
                listener(changes)
            except Exception as error:  # noqa: BLE001 - reported, and the other listeners still have to hear
                self._loop.call_exception_handler({"message": "A listener of the state failed", "exception": error})
        self.on_moved()

    def _let_go_on(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
