"""The colours of the window, light and dark, as named tokens; all other looks are made from these."""

from dataclasses import dataclass

__all__ = ["DARK", "LIGHT", "PARTS", "ColorName", "Tokens", "contrast", "pairs_used_together"]

ColorName = str


@dataclass(frozen=True, slots=True)
class Tokens:
    """One scheme. Every field but `dark` is a colour as `#RRGGBB`.

    part_* are the kinds of a context's parts, told apart from each other as far as eleven colours can be.
    """

    dark: bool
    canvas: ColorName
    panel: ColorName
    raised: ColorName
    line: ColorName
    text: ColorName
    muted: ColorName
    accent: ColorName
    on_accent: ColorName
    selection: ColorName
    hover: ColorName
    added: ColorName
    removed: ColorName
    running: ColorName
    waiting: ColorName
    done: ColorName
    failed: ColorName
    blocked: ColorName
    idle: ColorName
    tier1: ColorName
    tier2: ColorName
    tier3: ColorName
    tier4: ColorName
    part_system: ColorName
    part_prompt: ColorName
    part_tools: ColorName
    part_docs: ColorName
    part_ticket: ColorName
    part_file: ColorName
    part_outline: ColorName
    part_range: ColorName
    part_dependency: ColorName
    part_history: ColorName
    part_tool_result: ColorName

    def color(self, name: str) -> ColorName:
        """The colour of that token. Raises KeyError for what is none."""
        if name == "dark" or name not in Tokens.__dataclass_fields__:
            raise KeyError(name)
        value: ColorName = getattr(self, name)
        return value


LIGHT = Tokens(
    dark=False,
    canvas="#F6F6F4",
    panel="#FFFFFF",
    raised="#FFFFFF",
    line="#E2E2DD",
    text="#1B1B19",
    muted="#63635E",
    accent="#2459C9",
    on_accent="#FFFFFF",
    selection="#E6EDFA",
    hover="#F4F4F1",
    added="#E4F4EA",
    removed="#FBEAE8",
    running="#2459C9",
    waiting="#9A5B00",
    done="#1F7A45",
    failed="#B3261E",
    blocked="#7A4B00",
    idle="#6F6F69",
    tier1="#6B3FC9",
    tier2="#1C6FB8",
    tier3="#0F766E",
    tier4="#A3541A",
    part_system="#314140",
    part_prompt="#6D41A9",
    part_tools="#C95B0A",
    part_docs="#0E7F7C",
    part_ticket="#A32745",
    part_file="#4E7BDF",
    part_outline="#0E318F",
    part_range="#5A9313",
    part_dependency="#755914",
    part_history="#A26B95",
    part_tool_result="#6B005C",
)

DARK = Tokens(
    dark=True,
    canvas="#151618",
    panel="#1C1E21",
    raised="#24272B",
    line="#2E3136",
    text="#E7E7E4",
    muted="#A0A09A",
    accent="#8AB0FF",
    on_accent="#10151F",
    selection="#28303F",
    hover="#25282C",
    added="#1B3025",
    removed="#3A2424",
    running="#8AB0FF",
    waiting="#F0B45A",
    done="#6FCF97",
    failed="#FF8A80",
    blocked="#D9A35B",
    idle="#93938D",
    tier1="#B79CFF",
    tier2="#7CC0F5",
    tier3="#5FD3C6",
    tier4="#F0A46B",
    part_system="#C1CCD8",
    part_prompt="#7E6CD9",
    part_tools="#FA9D6B",
    part_docs="#33D9B0",
    part_ticket="#C25191",
    part_file="#19AFFE",
    part_outline="#D5D240",
    part_range="#35973A",
    part_dependency="#C95B0A",
    part_history="#969285",
    part_tool_result="#F68DDE",
)

_SURFACES = ("canvas", "panel", "raised", "selection", "hover")
_STATUSES = ("running", "waiting", "done", "failed", "blocked", "idle")
PARTS = tuple(name for name in Tokens.__dataclass_fields__ if name.startswith("part_"))


def pairs_used_together() -> tuple[tuple[str, str, float], ...]:
    """Every (foreground, background, least contrast) that some widget puts on top of each other.

    4.5 for text and 3 for icons and lines that carry meaning (WCAG 2.2, 1.4.3 and 1.4.11).
    """
    words = [(name, surface, 4.5) for name in ("text", "muted") for surface in (*_SURFACES, "added", "removed")]
    words += [(name, surface, 4.5) for name in _STATUSES for surface in ("canvas", "panel", "raised", "hover")]
    words += [("accent", surface, 4.5) for surface in _SURFACES]
    words += [("on_accent", "accent", 4.5), ("done", "added", 3.0), ("failed", "removed", 3.0)]
    marks = [(name, "selection", 3.0) for name in _STATUSES]
    marks += [(f"tier{tier}", surface, 3.0) for tier in (1, 2, 3, 4) for surface in ("canvas", "panel", "raised")]
    marks += [(part, surface, 3.0) for part in PARTS for surface in ("panel", "hover", "selection")]
    return tuple(words + marks)


def _luminance(color: ColorName) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: ColorName, second: ColorName) -> float:
    """The contrast ratio of two colours, 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)
