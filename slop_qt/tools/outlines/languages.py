"""Which language a file is in, and its grammar, loaded when a file of it is first outlined."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from slop_qt.tools.outlines import queries

if TYPE_CHECKING:
    from tree_sitter import Language, Query

__all__ = ["Grammar", "SourceLanguage", "load_grammar", "source_language"]


@dataclass(frozen=True, slots=True)
class SourceLanguage:
    """A language that can be outlined.

    module and function give its grammar; query is what is looked for. braces is whether blocks stand in braces rather
    than being indented, nested whether the functions inside functions are shown.
    """

    name: str
    module: str
    query: str
    function: str = "language"
    braces: bool = True
    nested: bool = False


@dataclass(frozen=True, slots=True)
class Grammar:
    """A language and its query, ready to be used. Both are immutable and may be used from any thread."""

    language: "Language"
    query: "Query"


_TYPESCRIPT = "tree_sitter_typescript"
_PYTHON = SourceLanguage("Python", "tree_sitter_python", queries.PYTHON, braces=False, nested=True)
_JAVASCRIPT = SourceLanguage("JavaScript", "tree_sitter_javascript", queries.JAVASCRIPT, nested=True)
_TYPED = SourceLanguage("TypeScript", _TYPESCRIPT, queries.TSX, "language_typescript", nested=True)
_TSX = SourceLanguage("TSX", _TYPESCRIPT, queries.TSX, "language_tsx", nested=True)
_C = SourceLanguage("C", "tree_sitter_c", queries.C)
_CPP = SourceLanguage("C++", "tree_sitter_cpp", queries.CPP)
_RUST = SourceLanguage("Rust", "tree_sitter_rust", queries.RUST, nested=True)
_GO = SourceLanguage("Go", "tree_sitter_go", queries.GO)
_JAVA = SourceLanguage("Java", "tree_sitter_java", queries.JAVA)

# A header may be either; the grammar of C++ reads those of C.
_BY_SUFFIX = {
    **dict.fromkeys((".py", ".pyi", ".pyw"), _PYTHON),
    **dict.fromkeys((".js", ".mjs", ".cjs", ".jsx"), _JAVASCRIPT),
    **dict.fromkeys((".ts", ".mts", ".cts"), _TYPED),
    ".tsx": _TSX,
    ".c": _C,
    **dict.fromkeys((".h", ".hh", ".hpp", ".hxx", ".cc", ".cpp", ".cxx", ".ipp", ".inl"), _CPP),
    ".rs": _RUST,
    ".go": _GO,
    ".java": _JAVA,
}


def source_language(path: str) -> SourceLanguage | None:
    """The language that a path's ending stands for; None for one that has no outline."""
    return _BY_SUFFIX.get(PurePosixPath(path).suffix.lower())


@cache
def load_grammar(source: SourceLanguage) -> Grammar:
    """The language's grammar, once loaded the same one ever after. Takes some milliseconds the first time."""
    from tree_sitter import Language, Query

    make: Callable[[], object] = getattr(importlib.import_module(source.module), source.function)
    language = Language(make())
    return Grammar(language, Query(language, source.query + queries.BROKEN))
