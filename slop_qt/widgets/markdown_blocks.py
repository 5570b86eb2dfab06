"""Markdown as HTML that Qt's rich text understands, block by block: nothing of it is obeyed, fetched or hidden."""

import html
import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from slop_qt.core.line_ends import in_editor
from slop_qt.core.visible_text import make_visible
from slop_qt.widgets.rendered_block import TASK_MARKS, RenderedBlock

__all__ = ["render_markdown"]

_MARK = re.compile(r"\[([ ~xXb])\](?:\s+|$)")
_SHA = re.compile(r"\s+[(\[]?([0-9a-f]{7,40})[)\]]?$")


def render_markdown(text: str) -> tuple[RenderedBlock, ...]:
    """The blocks in order. Slow for long texts: for helper threads.

    CommonMark with tables. HTML in it is shown as text, images are named and not loaded, and characters that would
    be obeyed are made visible, also where they are written as entities.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(in_editor(text))
    _mark_tasks(tokens)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:  # Qt makes its own headings larger, whatever one says
            token.attrSet("class", token.tag)
            token.tag = "p"
        elif token.type in {"fence", "code_block"}:
            token.content = token.content.rstrip("\n")
        if token.children:
            token.children = [_harmless(child) for child in token.children]
    return tuple(
        RenderedBlock(line, make_visible(parser.renderer.render(block, parser.options, {})))
        for line, block in _top_level(tokens)
    )


def _top_level(tokens: Sequence[Token]) -> Iterator[tuple[int, list[Token]]]:
    block: list[Token] = []
    depth = 0
    for token in tokens:
        block.append(token)
        depth += token.nesting
        if depth == 0:
            first = block[0].map
            yield (first[0] if first else 0), block
            block = []


def _mark_tasks(tokens: Sequence[Token]) -> None:
    """Turn `[x]` at the beginning of list items into pictures, and a commit's SHA at their end into code."""
    lists: list[Token] = []
    for at, token in enumerate(tokens):
        if token.type in {"bullet_list_open", "ordered_list_open"}:
            lists.append(token)
        elif token.type in {"bullet_list_close", "ordered_list_close"}:
            lists.pop()
        elif token.type == "inline" and at >= 2 and tokens[at - 2].type == "list_item_open" and token.children:
            mark = _MARK.match(token.children[0].content) if token.children[0].type == "text" else None
            if mark is not None:
                lists[-1].attrSet("class", "tasks")
                token.children[0].content = token.children[0].content[mark.end() :]
                token.children = [_picture(mark[1].lower()), *_with_sha(token.children)]


def _with_sha(children: Sequence[Token]) -> Iterator[Token]:
    *others, last = children
    yield from others
    found = _SHA.search(last.content) if last.type == "text" else None
    if found is None:
        yield last
        return
    yield Token("text", "", 0, content=last.content[: found.start()] + " ")
    yield Token("code_inline", "code", 0, content=found[1])


def _picture(mark: str) -> Token:
    icon, word = TASK_MARKS[mark]
    return Token("html_inline", "", 0, content=f'<img src="icon:{icon}" width="14" height="14" alt="{word}">&nbsp;')


def _harmless(token: Token) -> Token:
    if token.type != "image":
        return token
    words = f"[image: {token.content} {token.attrGet('src') or ''}]"
    return Token("html_inline", "", 0, content=f"<i>{html.escape(words)}</i>")
