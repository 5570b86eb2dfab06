"""The system prompts are plain text, the same bytes each time, and speak of the tools that their tier has."""

import re
from pathlib import Path

import pytest

from slop_qt.tools.registry import default_tools

PROMPTS = Path(__file__).parents[2] / "resources" / "prompts"
TIERS = (1, 2, 3, 4)


@pytest.mark.parametrize("tier", TIERS)
def test_prompt_names_exactly_the_tools_of_its_tier(tier: int) -> None:
    text = (PROMPTS / f"tier{tier}.md").read_text(encoding="utf-8")
    named = {tool.name for tool in default_tools() if re.search(rf"\b{tool.name}\b", text)}
    assert named == {tool.name for tool in default_tools() if tier in tool.tiers}


@pytest.mark.parametrize("tier", TIERS)
def test_prompt_is_plain_text_without_a_template(tier: int) -> None:
    raw = (PROMPTS / f"tier{tier}.md").read_bytes()
    text = raw.decode("utf-8")
    assert text.startswith(f"You are Tier {tier}, ")
    assert b"\r" not in raw
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not re.search(r"[{}]|\$\w|<\w+>", text)
    assert not re.search(r"^Ticket: ", text, re.MULTILINE)
    assert max(len(line) for line in text.splitlines()) <= 125
