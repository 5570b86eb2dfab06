"""The first message of an agent, as parts that are told apart: what each is, and why it is there."""

from dataclasses import dataclass

from slop_qt.core.context import PartKind

__all__ = ["Prompt", "PromptPart", "plain_prompt"]


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A stretch of the first message, to the character as it is sent.

    label is what a person calls it: a path for files, else a few words. reason says why it is there, a sentence.
    again is how the agent would read it again if it were left out, a sentence; empty for what may not be left out.
    pinned is whether the person wants it there in any case.
    """

    kind: PartKind
    label: str
    reason: str
    text: str
    again: str = ""
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """The parts in the order in which they are sent, with nothing between them."""

    parts: tuple[PromptPart, ...]

    @property
    def text(self) -> str:
        """The whole message."""
        return "".join(part.text for part in self.parts)


def plain_prompt(text: str, reason: str = "It is the agent's first message.") -> Prompt:
    """A prompt that is one part: one that a person has rewritten, say."""
    return Prompt((PromptPart("prompt", "First message", reason, text),))
