"""What rendered Markdown is handed over as; apart, so that a window starts without what renders it."""

from dataclasses import dataclass

__all__ = ["TASK_MARKS", "RenderedBlock"]

# Markers of Conductor's plans: what a picture of each is called, and its word.
TASK_MARKS = {
    " ": ("idle", "To do"),
    "~": ("running", "In progress"),
    "x": ("done", "Done"),
    "b": ("blocked", "Blocked"),
}


@dataclass(frozen=True, slots=True)
class RenderedBlock:
    """One top-level block; line is where it begins in the source, from 0."""

    line: int
    html: str
