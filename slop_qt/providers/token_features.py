"""What a text is made of, as far as tokens depend on it: counted in bulk, without a tokenizer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

__all__ = [
    "APART",
    "FEATURES",
    "FEATURES_VERSION",
    "NOTHING",
    "PRIOR",
    "STRUCTURAL",
    "Features",
    "added",
    "structure",
    "text_features",
]

# One number for each of FEATURES.
Features = tuple[float, ...]
Structure = Literal[
    "characters of thinking", "characters of tools", "messages", "tool calls and results", "tools", "requests"
]

# Each feature, how many tokens one of it makes in most tokenizers, and how far these lie apart, as a share of that.
# They merge pairs of bytes over words, numbers and runs of signs; a blank belongs to the word that follows it, in most
# of them a single sign too, and a newline to the signs before it. From fits to six tokenizers that are published.
_PRIORS: tuple[tuple[str, float, float], ...] = (
    ("common words", 0.95, 0.1),
    ("other words", 1.2, 0.2),
    ("letters of words beyond the tenth", 0.12, 0.5),
    ("three consonants", 0.3, 0.4),
    ("pairs of capitals", 0.25, 0.5),
    ("words that begin inside words", 1.0, 0.2),
    ("digits", 0.35, 1.4),
    ("digits by threes", 0.7, 0.6),
    ("digits beside letters", 0.2, 0.8),
    ("single signs before words", 0.5, 0.6),
    ("other runs of signs", 0.75, 0.3),
    ("signs after signs", 0.35, 0.4),
    ("four times the same sign", 0.55, 0.5),
    ("runs of newlines after signs", 0.35, 1.3),
    ("other runs of newlines", 1.4, 0.3),
    ("newlines after newlines", 0.15, 0.8),
    ("runs of blanks", 0.9, 0.6),
    ("pairs of blanks", 0.04, 1.0),
    ("runs of tabs", 0.85, 0.4),
    ("tabs after tabs", 0.25, 0.8),
    ("accented letters", 2.0, 0.6),
    ("other letters of two bytes", 0.5, 0.6),
    ("letters of three bytes", 1.0, 0.6),
    ("symbols of three bytes", 1.2, 0.6),
    ("kana and full stops of East Asia", 0.65, 0.5),
    ("ideographs", 0.85, 0.4),
    ("hangul", 0.8, 0.5),
    ("signs of four bytes", 2.0, 0.6),
    ("characters of thinking", 0.25, 1.0),
    ("characters of tools", 0.25, 1.0),
    ("messages", 4.0, 1.0),
    ("tool calls and results", 8.0, 1.0),
    ("tools", 10.0, 1.0),
    ("requests", 6.0, 1.0),
)
FEATURES: tuple[str, ...] = tuple(name for name, _, _ in _PRIORS)
PRIOR: Features = tuple(tokens for _, tokens, _ in _PRIORS)
APART: Features = tuple(apart for _, _, apart in _PRIORS)
NOTHING: Features = (0.0,) * len(PRIOR)
# What was learnt about other features says nothing about these: count up when they change.
FEATURES_VERSION = 2

# The features that are none of a text: what a vendor puts around it, or words anew before the model sees it. Tools are
# among them, since each vendor tells the model of them in another language, or not at all.
STRUCTURAL = frozenset(range(len(PRIOR) - 6, len(PRIOR)))


def _table(*classes: tuple[Sequence[int], bytes]) -> bytes:
    """For bytes.translate: each class of bytes becomes its letter, all else a full stop."""
    table = bytearray(b"." * 256)
    for members, letter in classes:
        for member in members:
            table[member] = letter[0]
    return bytes(table)


# In UTF-8 the first byte of a sign says how many there are and, roughly, of which script it is.
_CONTINUATION = bytes(range(0x80, 0xC0))
_KINDS = _table(
    (b"abcdefghijklmnopqrstuvwxyz", b"a"),
    (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"A"),
    (b"0123456789", b"0"),
    (b" ", b" "),
    (b"\n\r", b"\n"),
    (b"\t", b"\t"),
    (range(0xC0, 0xCA), b"1"),
    (range(0xCA, 0xE0), b"2"),
    (range(0xE0, 0xE2), b"3"),
    (range(0xE2, 0xE3), b"4"),
    (range(0xE3, 0xE4), b"5"),
    (range(0xE4, 0xEA), b"6"),
    (range(0xEA, 0xEE), b"7"),
    (range(0xEE, 0xEF), b"4"),
    (range(0xEF, 0xF0), b"6"),
    (range(0xF0, 0x100), b"8"),
)


def _only(kinds: bytes) -> bytes:
    """For bytes.translate: these kinds become x, all others blanks."""
    return bytes(0x78 if kind in kinds else 0x20 for kind in range(256))


_DIGITS, _DOTS, _NEWLINES, _BLANKS, _TABS = map(_only, (b"0", b".", b"\n", b" ", b"\t"))
_LETTERS = bytes(byte if chr(byte).isalpha() and byte < 0x80 else 0x20 for byte in range(256))
# Of the kinds: letters are one, blanks of all sorts another.
_GLUED = bytes({"A": 0x61, "\n": 0x20, "\t": 0x20}.get(chr(byte), byte) for byte in range(256))
_SMALL = bytes(byte + 32 if 0x41 <= byte <= 0x5A else byte for byte in range(256))
_CONSONANTS = bytes(0x78 if chr(byte) in "bcdfghjklmnpqrstvwxz" else 0x20 for byte in range(256))
_LONG = 10
# What lines are drawn with, in comments and tables.
_DRAWN = tuple(sign * 4 for sign in (b"-", b"=", b"*", b"#", b"_", b"/", b".", b"~", b"+"))

# Words that every tokenizer knows as one, in prose and in code.
_COMMON = frozenset(
    b"""
    a about above access action active actual add added address after again all allow already also always an and answer
    any app are area array as assert async at auto await away back base be because been before begin being best better
    between big block body bool both box branch break build but button by byte bytes call called can cannot case cause
    change changes char check child class clean clear client close code color column command comment commit common
    config const content context continue control copy core could count create current cursor data date day debug def
    default define delete detail dict different do does done down each edit element else empty enable end entry enum
    equal error even event every example except exist export expression false field file files filter final find first
    fix flag float flow folder for force form format found frame free from full func function get give given global go
    good group had handle has have he header height hello help here high him his home host how html http id if image
    import in index info init inline input insert inside int interface into is issue it item items its join json just
    keep key keys kind know label language large last late layer left len length less let level library like limit line
    lines link list load local lock log long look loop made main make many map mark match max may me memory message
    method might min mode model module more most move much must my name names need never new next no node none not
    note nothing now null number object of off old on once one only open option options or order other our out output
    over own package page parent parse part pass path people place plain point port print private process project
    property public pull push put query range raise raw read real record ref remove replace request require result
    reset return right row rule run same save say scope search second see select self send sent server service set
    setup shape should show side sign simple since single size skip slot small so some sort source space split stack
    start state static status step stop store str stream string struct style such super support switch system tab table
    take target task test text than that the their them then there these they thing think this those thread three
    through time title to token tool tools top total track tree true try tuple turn two type types under unit until up
    update use used user using value values var version very view void wait want was way we well were what when where
    whether which while who why width will window with without word work world would write you your zero
    """.split()
)


def text_features(text: str) -> Features:
    """What the text is made of. Takes about 50 ms for a megabyte."""
    signs = text.encode("utf-8", "surrogatepass")
    kinds = signs.translate(_KINDS, _CONTINUATION)
    count = kinds.count
    glued = kinds.translate(_GLUED)
    dots, digits, tabs = count(b"."), count(b"0"), count(b"\t")
    dot_runs, newline_runs = _runs(kinds, _DOTS), _runs(kinds, _NEWLINES)
    tab_runs = _runs(kinds, _TABS) if tabs else 0
    single = glued.count(b".a") - glued.count(b"..a")
    drawn = sum(map(signs.count, _DRAWN))
    broken = count(b".\n")
    # A blank before a word or a sign is a part of it: what is left are those that are longer.
    long_blanks = kinds.translate(_BLANKS).count(b" xx") + kinds.startswith(b"  ")
    return (
        *_words(signs),
        float(signs.translate(_CONSONANTS).count(b"xxx")),
        float(count(b"AA")),
        float(count(b"aA")),
        float(digits),
        float(_threes(kinds) if digits else 0),
        float(glued.count(b"a0") + glued.count(b"0a")),
        float(single),
        float(dot_runs - single),
        float(max(0, dots - dot_runs - 4 * drawn)),
        float(drawn),
        float(broken),
        float(max(0, newline_runs - broken)),
        float(count(b"\n") - newline_runs),
        float(long_blanks),
        float(count(b"  ")),
        float(tab_runs),
        float(tabs - tab_runs),
        *(float(count(sign)) for sign in (b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8")),
        *NOTHING[-len(STRUCTURAL) :],
    )


def _words(signs: bytes) -> tuple[float, float, float]:
    """How many are common, how many are not, and how many letters of those are beyond the tenth."""
    common = others = long = 0
    for word, times in Counter(signs.translate(_LETTERS).split()).items():
        if word.translate(_SMALL) in _COMMON:
            common += times
        else:
            others += times
            long += times * max(0, len(word) - _LONG)
    return float(common), float(others), float(long)


def _threes(kinds: bytes) -> int:
    """How many pieces numbers make that are cut after every third digit; one too many of six, nine and so on."""
    marked = b" %b " % kinds.translate(_DIGITS)
    return marked.count(b" x") + marked.count(b"xxx") - marked.count(b" xxx ")


def _runs(kinds: bytes, only: bytes) -> int:
    """How many unbroken runs there are."""
    marked = kinds.translate(only)
    return marked.count(b" x") + marked.startswith(b"x")


def structure(name: Structure, amount: float = 1.0) -> Features:
    """What a request has beside its texts."""
    index = FEATURES.index(name)
    return (*NOTHING[:index], amount, *NOTHING[index + 1 :])


def added(features: Iterable[Features]) -> Features:
    """The sum."""
    return tuple(map(sum, zip(NOTHING, *features, strict=True)))
