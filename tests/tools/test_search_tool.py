"""search_text over real files."""

import pytest

from slop_qt.core.errors import ToolError
from slop_qt.tools.search import SearchText, SearchTextArguments


@pytest.fixture
def files(root):
    for path, text in {
        "a.py": "def first():\n    return 'x'\n",
        "sub/b.py": "def second():\n    pass\n",
        "with:colon 1:2.py": "def third():\n",
        ".hidden": "def fourth():\n",
        ".gitignore": "ignored/\n",
        "ignored/c.py": "def fifth():\n",
        ".git/config": "def sixth():\n",
        "ü.txt": "grüße def seventh():\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "bin").write_bytes(b"def eighth()\0")
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "o.py").write_text("def ninth():\n")
    (root / "link").symlink_to("../outside")
    (root / "link.py").symlink_to("../outside/o.py")
    return root


async def search(context, pattern, **more):
    return (await SearchText().perform(SearchTextArguments(pattern=pattern, **more), context)).text.splitlines()


async def test_matches_are_shown_as_path_line_text(context, files):
    assert sorted(await search(context, r"def \w+\(\):$")) == [
        ".hidden:1: def fourth():",
        "a.py:1: def first():",
        "sub/b.py:1: def second():",
        "with:colon 1:2.py:1: def third():",
        "ü.txt:1: grüße def seventh():",
    ]


async def test_a_path_narrows_the_search(context, files):
    assert await search(context, "def", path="sub") == ["sub/b.py:1: def second():"]
    assert await search(context, "def", path="./sub/../a.py") == ["a.py:1: def first():"]


async def test_nothing_found_is_said(context, files):
    assert await search(context, "nowhere") == ["[no match]"]


async def test_only_so_many_are_shown_and_that_is_said(context, files):
    (files / "many").write_text("needle\n" * 5000)
    lines = await search(context, "needle", max_results=3)
    assert lines[:3] == ["many:1: needle", "many:2: needle", "many:3: needle"]
    assert "first 3" in lines[3]


async def test_a_line_of_ten_megabytes_is_cut(context, files):
    (files / "long").write_text("needle" + "x" * 10_000_000)
    (line, *_) = await search(context, "needle")
    assert line.startswith("long:1: needlexxx")
    assert len(line) < 400


@pytest.mark.parametrize("pattern", ["(", "[a", "*x", r"\p{nope}"])
async def test_a_bad_pattern_is_told(context, files, pattern):
    with pytest.raises(ToolError, match="cannot be searched for"):
        await search(context, pattern)


@pytest.mark.parametrize("pattern", ["a\0b", "a\nb"])
async def test_a_pattern_of_more_than_a_line_is_refused(context, files, pattern):
    with pytest.raises(ToolError, match="one line"):
        await search(context, pattern)


@pytest.mark.parametrize("path", ["../outside", "/etc", "link", "link.py", ".git", "nowhere", "--no-index"])
async def test_a_path_outside_or_missing_is_refused(context, files, path):
    with pytest.raises(ToolError):
        await search(context, "def", path=path)


@pytest.mark.parametrize("pattern", ["-e", "--help", "--open-files-in-pager=touch ran"])
async def test_a_pattern_that_looks_like_an_option_is_a_pattern(context, files, pattern):
    (files / "options").write_text(f"{pattern}\n")
    assert await search(context, pattern) == [f"options:1: {pattern}"]
    assert not (files / "ran").exists()


async def test_a_pattern_that_backtracks_for_ever_ends(context, files):
    (files / "long").write_text("a" * 40 + "!")
    try:
        assert await search(context, "(a+)+$") == ["[no match]"]
    except ToolError as error:  # PCRE without JIT gives up at its own limit
        assert "cannot be searched" in error.message
