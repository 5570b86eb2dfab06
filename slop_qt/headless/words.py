"""Words of models and programs on a terminal: shown, not obeyed."""

from slop_qt.core.visible_text import make_visible

__all__ = ["one_line"]


def one_line(text: str) -> str:
    """The text with its line breaks and its control characters made harmless."""
    return make_visible(" ".join(text.split()))
