"""System prompts: those that ship, unless the person has put files of their own in their place."""

import os
from pathlib import Path

import pytest

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.streams import TIERS
from slop_qt.store.resources import resource_path
from slop_qt.store.system_prompts import PromptFolder

ANSWERS = {1: "submit_tracks", 2: "submit_tickets", 3: "finish_ticket", 4: "report_failure"}


def test_without_files_of_the_persons_those_that_ship_are_used(tmp_path: Path) -> None:
    prompts = PromptFolder(tmp_path / "prompts").load()
    assert prompts.overridden == {}
    for tier in TIERS:
        assert prompts.of(tier).encode() == resource_path("prompts", f"tier{tier}.md").read_bytes()
        assert ANSWERS[tier] in prompts.of(tier)


def test_a_file_of_the_persons_goes_before_it_whole(tmp_path: Path) -> None:
    own = tmp_path / "tier2.md"
    own.write_bytes("\ufeffDu bist Tier 2.\r\nSchneide Tickets.".encode())
    shipped, prompts = PromptFolder(tmp_path / "none").load(), PromptFolder(tmp_path).load()
    assert prompts.of(2) == "Du bist Tier 2.\r\nSchneide Tickets." and prompts.overridden == {2: own}
    assert [prompts.of(tier) for tier in (1, 3, 4)] == [shipped.of(tier) for tier in (1, 3, 4)]


def test_what_was_read_once_does_not_change_with_the_file(tmp_path: Path) -> None:
    (tmp_path / "tier1.md").write_text("First.")
    folder = PromptFolder(tmp_path)
    prompts = folder.load()
    (tmp_path / "tier1.md").write_text("Second.")
    assert prompts.of(1) == "First." and folder.load().of(1) == "Second."


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b" \n\t\n", "is empty"), ("Grüße".encode("latin-1"), "is not UTF-8"), (None, "regular file")],
)
def test_a_file_that_cannot_be_used_is_an_error_that_names_it(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "tier4.md"
    if content is None:
        os.mkfifo(path)
    else:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said) as caught:
        PromptFolder(tmp_path).load()
    assert str(path) in caught.value.message and "remove it" in caught.value.hint


def test_a_link_to_nothing_is_not_taken_for_no_file(tmp_path: Path) -> None:
    (tmp_path / "tier3.md").symlink_to(tmp_path / "gone.md")
    with pytest.raises(ConfigurationError, match="link to nothing"):
        PromptFolder(tmp_path).load()
