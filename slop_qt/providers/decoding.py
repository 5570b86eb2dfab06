"""Answers out of bytes: what every vendor's stream of server-sent events has in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from slop_qt.core.conversation import ProviderEvent, TextDelta, ThinkingDelta, ToolCallGrowing
from slop_qt.core.errors import ProviderError
from slop_qt.providers.endpoint import Vendor
from slop_qt.providers.sse import SseParser

__all__ = ["AnswerDecoder"]


class AnswerDecoder(ABC):
    """One answer: bytes in, our events out. Adjacent words of one `take` come as one delta.

    begun is whether anything of an answer came; complete, whether all that matters came, so that the rest of the
    response is not worth waiting for; finished, whether `Finished` was given out.
    """

    def __init__(self, vendor: Vendor) -> None:
        self.begun = False
        self.complete = False
        self.finished = False
        self._vendor = vendor
        self._sse = SseParser()
        self._out: list[ProviderEvent] = []
        self._words: list[str] = []
        self._words_are: type[TextDelta | ThinkingDelta] = TextDelta
        self._told_of_growth = False  # of a call, in this `take`
        self._reading = "event"  # what `_read` is at, for messages

    @abstractmethod
    def _read(self, events: list[bytes]) -> None:
        """Handle the data of some events, until `finished`.

        May raise KeyError, TypeError, AttributeError or ValueError where the data is not as it should be.
        """

    @abstractmethod
    def _conclude(self) -> None:
        """The response has ended, and the answer was `complete`: emit what is left of it, and `Finished`."""

    def take(self, chunk: bytes) -> Iterator[ProviderEvent]:
        """What the next bytes bring.

        Raises:
            ProviderError: an error event, or nonsense; what came before it has been yielded.
        """
        failure: ProviderError | None = None
        try:
            self._read(self._sse.feed(chunk))
        except ProviderError as error:
            failure = error
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            failure = self._nonsense(f"{type(error).__name__} in {self._reading[:40]}")
        yield from self._drain()
        if failure is not None:
            raise failure

    def end(self) -> Iterator[ProviderEvent]:
        """What the end of the response brings, for an answer that was not `finished` by then.

        Raises:
            ProviderError: the answer is not complete.
        """
        if not self.complete:
            what = "The answer was cut before its end" if self.begun else "The answer was empty"
            raise ProviderError(f"{what}.", retryable=True)
        self._conclude()
        yield from self._drain()

    def give_up(self) -> list[ProviderEvent]:
        """The answer failed: what it has cost, as far as that is known and was not told. Mostly nothing."""
        return []

    def _drain(self) -> list[ProviderEvent]:
        self._flush()
        out, self._out = self._out, []
        self._told_of_growth = False
        return out

    def _emit(self, event: ProviderEvent) -> None:
        self._flush()
        self._out.append(event)

    def _flush(self) -> None:
        if self._words:
            self._out.append(self._words_are("".join(self._words)))
            self._words.clear()

    def _say(self, kind: type[TextDelta | ThinkingDelta], words: str) -> None:
        if not isinstance(words, str):
            raise TypeError("text that is no string")
        if kind is not self._words_are:
            self._flush()
            self._words_are = kind
        if words:
            self._words.append(words)

    def _grow_call(self, pieces: list[str], piece: str) -> None:
        """Keep the next piece of a tool call's arguments."""
        pieces.append(piece)
        if piece and not self._told_of_growth:
            self._told_of_growth = True
            self._emit(ToolCallGrowing())

    def _nonsense(self, what: str) -> ProviderError:
        return ProviderError(
            f"The provider's answer does not follow {self._vendor.api} ({what}).",
            f"If it stays so, look whether {self._vendor.address_variable} leads to the right server.",
            retryable=True,
        )
