"""The rules in a settings file's text: put in and taken out without touching what a person wrote around them."""

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from slop_qt.core.settings import Rule

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

__all__ = ["append_rule", "rules_in", "without_rules"]

_HEADER = re.compile(r"""\s*\[\[\s*["']?rules["']?\s*]]""")
_GONE = "this rule goes \u2205"


def rules_in(document: "TOMLDocument") -> list[Rule]:
    """The rules of a settings file that holds, in order."""
    return [Rule.model_validate_json(json.dumps(entry), strict=True) for entry in document.unwrap().get("rules", ())]


def append_rule(document: "TOMLDocument", rule: Rule) -> None:
    """Put a rule behind the others, in the form that they have."""
    import tomlkit
    from tomlkit.items import Array

    fields = rule.model_dump(mode="json", exclude_none=True)
    anything = bool(document.as_string().strip())
    rules = document.setdefault("rules", tomlkit.aot())
    if isinstance(rules, Array):
        inline = tomlkit.inline_table()
        inline.update(fields)
        rules.append(inline)
        return
    entry = tomlkit.table()
    entry.update(fields)
    if rules:
        # What stands below the last rule is about what comes next: it stays there.
        below = rules[-1].value.body
        after = max((at for at, (key, _) in enumerate(below) if key is not None), default=-1) + 1
        for _, item in below[after:]:
            entry.add(item)
        del below[after:]
    entry.trivia.indent = "\n" if anything else ""
    rules.append(entry)


def without_rules(document: "TOMLDocument", at: Iterable[int]) -> str:
    """The text without the rules in these places; the document may be changed too."""
    import tomlkit
    from tomlkit.items import Array

    text = tomlkit.dumps(document)
    for index in sorted(at, reverse=True):
        document = tomlkit.parse(text)
        rules = document["rules"]
        if isinstance(rules, Array):
            del rules[index]
            text = tomlkit.dumps(document)
        else:
            for name in rules[index]:
                rules[index][name] = _GONE
            text = _cut(tomlkit.dumps(document))
    return text


def _cut(text: str) -> str:
    """Without the one table whose values are marked, from its header to its last value; what is below it stays."""
    lines = text.split("\n")
    marked = [number for number, line in enumerate(lines) if _GONE in line]
    first = max(number for number in range(marked[0] + 1) if _HEADER.match(lines[number]))
    last = marked[-1]
    if first and not lines[first - 1].strip() and not "".join(lines[last + 1 : last + 2]).strip():
        first -= 1  # of the empty lines around it one is enough
    return "\n".join(lines[:first] + lines[last + 1 :])
