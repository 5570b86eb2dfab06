"""Outlines: what nine languages declare, broken and odd texts, and this repository's own modules held against `ast`."""

import ast
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slop_qt.tools.outline import outline_of
from slop_qt.tools.outlines.languages import source_language

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(path for path in (Path(__file__).parent / "outline_samples").iterdir() if path.suffix != ".outline")
MODULES = sorted((ROOT / "slop_qt").rglob("*.py"))
NAMES = [path.name for path in SAMPLES]
# Pieces that open what they do not close, or close what nobody opened.
PIECES = [
    "def f(",
    "class A:\n",
    "    ",
    "\t",
    "{",
    "}",
    "(",
    ")",
    "/*",
    "*/",
    "//",
    '"""',
    "'",
    "`",
    "fn x",
    "#[",
    "<",
    ">",
]
PIECES += [
    "template<",
    "impl",
    "=>",
    "func ",
    "type X struct {",
    "@",
    ";",
    ":",
    ",",
    "\r\n",
    "\n",
    "\0",
    "é",
    "\U0001f600",
]


def numbered(outline: str) -> dict[int, str]:
    """The outline's lines by their numbers, those of one number put together."""
    lines: dict[int, str] = {}
    for line in outline.splitlines():
        number, _, text = line.lstrip().partition("  ")
        if number.isdigit():
            lines[int(number)] = lines.get(int(number), "") + text
    return lines


@pytest.mark.parametrize("path", SAMPLES, ids=NAMES)
def test_an_outline_has_what_a_file_declares_and_none_of_its_bodies(path: Path) -> None:
    outline = outline_of(f"folder/{path.name}", path.read_text())
    assert outline == path.with_name(f"{path.name}.outline").read_text()


@pytest.mark.parametrize("path", SAMPLES, ids=NAMES)
def test_every_line_has_the_number_that_it_has_in_the_file(path: Path) -> None:
    text = path.read_text()
    source = text.splitlines()
    for number, shown in numbered(outline_of(path.name, text) or "").items():
        if not shown.lstrip().startswith(("(", "…")):
            assert source[number - 1].split()[0].strip("{") in shown, number


def test_it_has_every_definition_of_this_repository_and_the_first_line_of_its_docs() -> None:
    compared = 0
    for path in MODULES[::4]:
        text = path.read_text()
        outline = outline_of(str(path), text)
        assert outline is not None and not outline.endswith("could not be parsed)\n"), path
        lines = numbered(outline)
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            word = "class" if isinstance(node, ast.ClassDef) else "def"
            assert f"{word} {node.name}" in lines[node.lineno], (path, node.lineno)
            compared += 1
            docs = ast.get_docstring(node)
            if docs:
                assert docs.partition("\n")[0] in lines[node.body[0].lineno], (path, node.lineno)
    assert compared > 500


def test_outlines_of_this_repository_are_less_than_half_of_it() -> None:
    texts = [path.read_text() for path in MODULES[::8]]
    assert sum(len(outline_of("a.py", text) or "") for text in texts) < sum(map(len, texts)) / 2


@pytest.mark.parametrize("path", ["README.md", "data.json", "Makefile", "picture.png", "a.py/b", ""])
def test_a_file_of_no_known_language_has_none(path: str) -> None:
    assert outline_of(path, "def f(): pass\n") is None


def test_what_declares_nothing_says_so() -> None:
    assert outline_of("a.py", "") == "(it declares nothing)\n"
    assert outline_of("a.js", "run();\n") == "(it declares nothing)\n"


@pytest.mark.parametrize(
    ("path", "text", "kept"),
    [
        ("a.py", "class A:\n    def f(self, x:\n\n    def g(self):\n        return 1\n", "def g(self)"),
        ("a.js", "function f() {\n  let = = 3;\n}\nclass A { g() { return 1; } }\n", "class A"),
        ("a.rs", "fn f( -> {\n}\n\nstruct B { x: i32 }\n", "struct B"),
        ("a.c", "int f( {{\n\nint g(void) { return 1; }\n", "g(void)"),
    ],
)
def test_of_broken_source_it_has_what_can_be_read_and_says_so(path: str, text: str, kept: str) -> None:
    outline = outline_of(path, text)
    assert outline is not None and kept in outline
    assert outline.splitlines()[-1].endswith("of it could not be parsed)")


def test_windows_line_ends_are_ends_of_lines() -> None:
    assert outline_of("a.py", 'class A:\r\n    """Docs."""\r\n\r\n    x: int\r\n') == (
        '   1  class A:\n   2      """Docs."""\n   4      x: int\n'
    )


def test_a_comment_belongs_to_what_directly_follows_it() -> None:
    text = "// Licence\n\nint a; // of a\nint b(void);\n// of c\nint c(void);\n"
    assert outline_of("a.c", text) == "   3  int a;\n   4  int b(void);\n   5  // of c\n   6  int c(void);\n"


def test_a_long_list_of_values_is_cut_and_says_by_how_many() -> None:
    text = "enum {\n" + "".join(f"  V{number},\n" for number in range(500)) + "};\n"
    outline = outline_of("a.c", text)
    assert (
        outline is not None and "V59," in outline and "V60," not in outline and "(440 more of the same kind)" in outline
    )


def test_minified_source_does_not_come_back_whole() -> None:
    text = "".join(f"function f{number}(a,b){{return a+b*{number}}}" for number in range(2000))
    outline = outline_of("a.min.js", text)
    assert outline is not None and "function f1999(a,b) { … }" in outline
    assert max(map(len, outline.splitlines())) < 300


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "".join(" " * depth + f"def f{depth}():\n" for depth in range(300)) + " " * 300 + "pass\n"),
        ("a.js", "function f() {" * 5_000 + "}" * 5_000),
        ("a.cpp", "namespace a {" * 5_000 + "}" * 5_000),
        ("a.rs", "mod a {" * 5_000 + "}" * 5_000),
        ("a.java", "class A {" * 5_000),
        ("a.go", "(" * 20_000),
        ("a.py", "[" * 20_000),
        ("a.ts", "<" * 5_000),
        ("a.c", "/*" * 20_000),
        ("a.js", "/*c*/function f(){}" * 5_000),
    ],
)
def test_deep_nesting_neither_recurses_nor_takes_long(path: str, text: str) -> None:
    began = time.thread_time()
    outline = outline_of(path, text)
    assert time.thread_time() - began < 12
    assert outline is None or len(outline) < 20 * len(text) + 100


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    text=st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=60).map("".join)),
)
def test_any_text_has_an_outline(name: str, text: str) -> None:
    outline = outline_of(name, text)
    assert outline is not None and outline.endswith("\n")
    outline.encode()


@settings(max_examples=40, deadline=None)
@given(path=st.sampled_from(SAMPLES), start=st.floats(0, 1), length=st.integers(1, 200), put=st.text(max_size=5))
def test_a_damaged_file_has_an_outline(path: Path, start: float, length: int, put: str) -> None:
    text = path.read_text()
    at = int(start * len(text))
    assert outline_of(path.name, text[:at] + put + text[at + length :]) is not None


def test_half_a_character_is_no_mistake() -> None:
    assert outline_of("a.py", "def f(x='\ud800'): pass\n") == "   1  def f(x='?'): …\n"


def test_a_large_file_is_outlined_in_pieces_as_in_one() -> None:
    text = (Path(__file__).parent / "outline_samples" / "queue.py").read_text()
    big = "\n".join([text] * 60)
    outline = outline_of("a.py", big)
    assert outline is not None and outline.count("def drain") == outline.count("class Full") == 60
    assert outline.count('"""Take one') + outline.count("Take one, or as many") == 60


def test_many_threads_may_ask_at_once() -> None:
    texts = {path.name: path.read_text() for path in SAMPLES}
    wanted = {name: outline_of(name, text) for name, text in texts.items()}
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda name: (name, outline_of(name, texts[name])), NAMES * 4))
    assert all(outline == wanted[name] for name, outline in found)


def test_parsers_are_loaded_by_the_first_outline_of_their_language() -> None:
    code = (
        "import sys\n"
        "from slop_qt.tools.outline import outline_of\n"
        "before = [m for m in sys.modules if m.startswith('tree_sitter')]\n"
        "outline_of('a.py', 'x = 1')\n"
        "after = sorted(m for m in sys.modules if m.startswith('tree_sitter') and '.' not in m)\n"
        "sys.exit(f'{before} {after}' if before or after != ['tree_sitter', 'tree_sitter_python'] else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("path", "name"), [("a.PY", "Python"), ("x/a.tsx", "TSX"), ("a.h", "C++"), ("a.mjs", "JavaScript"), ("a.c", "C")]
)
def test_the_ending_says_which_language_it_is(path: str, name: str) -> None:
    source = source_language(path)
    assert source is not None and source.name == name
