"""How many tokens an agent's requests may have, and how many of its model's are kept for the answers."""

from dataclasses import dataclass

__all__ = ["Room", "room_of"]

# An answer takes this part of a window at most.
_ANSWER = 4


@dataclass(frozen=True, slots=True)
class Room:
    """limit is for input and answer together, None where nobody has said; answer is how long the answer may be."""

    limit: int | None
    answer: int

    @property
    def input(self) -> int | None:
        """What is left for the request; None: as much as there is."""
        return None if self.limit is None else self.limit - self.answer


def room_of(model_tokens: int | None, tier_tokens: int | None, answer_tokens: int) -> Room:
    """The room of requests to a model that takes so many tokens, for a tier that may have so many.

    answer_tokens is how long answers may be at most. A small model's window would be less than that: so an answer never
    gets more than a quarter of the window, and three quarters are left to say what is to be done. Agents answer many
    times, and what is cut off is asked for again in smaller steps; what does not fit into the request is not known.
    """
    known = [tokens for tokens in (model_tokens, tier_tokens) if tokens]
    if not known:
        return Room(None, answer_tokens)
    limit = min(known)
    return Room(limit, max(1, min(answer_tokens, limit // _ANSWER)))
