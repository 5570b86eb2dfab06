"""What may be connected: which tickets can come to depend on one, and why the others cannot."""

from collections.abc import Collection, Mapping, Sequence

from slop_qt.core.tickets import cycles

__all__ = ["Connecting"]


class Connecting:
    """One attempt to make some ticket depend on `source`: by dragging, or by going to it."""

    def __init__(self, source: str, depends_on: Mapping[str, Sequence[str]], fixed: Collection[str]) -> None:
        self.source = source
        self._depends_on = depends_on
        self._fixed = fixed
        self._needed = _all_needed(source, depends_on)
        served = {name for name, needs in depends_on.items() if source in needs}
        self._impossible = self._needed | served | set(fixed)

    def is_possible(self, target: str) -> bool:
        """Whether that ticket can depend on the source. Quick: it is asked for every ticket that is painted."""
        return target not in self._impossible

    def hindrance(self, target: str) -> str:
        """Why that ticket cannot depend on the source, as a sentence; empty where it can."""
        if self.is_possible(target):
            return ""
        if target == self.source:
            return f"{target} cannot depend on itself."
        if self.source in self._depends_on.get(target, ()):
            return f"{target} depends on {self.source} already."
        if target in self._fixed:
            return f"{target} has started: what it depends on stays as it is."
        return f"The tickets would depend on each other in a circle: {' → '.join(self._circle(target))}."

    def promise(self, target: str) -> str:
        """What would be done, as a sentence."""
        return f"{target} will depend on {self.source}."

    def _circle(self, target: str) -> tuple[str, ...]:
        graph = {name: self._depends_on[name] for name in self._needed} | {target: (self.source,)}
        for circle in cycles(graph):
            if self.source in circle and target in circle:
                at = circle.index(target)
                return (*circle[at:], *circle[:at], target)
        return (target, self.source, target)  # there is another circle in between: that one is to be mended first


def _all_needed(source: str, depends_on: Mapping[str, Sequence[str]]) -> set[str]:
    """The ticket and all that it depends on, through others too."""
    needed = {source}
    todo = [source]
    for name in todo:  # grows on the way
        fresh = [each for each in depends_on.get(name, ()) if each in depends_on and each not in needed]
        needed.update(fresh)
        todo += fresh
    return needed
