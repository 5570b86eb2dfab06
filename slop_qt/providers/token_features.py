"""What a text is made of, as far as tokens depend on it: counted in bulk, without a tokenizer."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

__all__ = [
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
Structure = Literal["characters of thinking", "messages", "tool calls and results", "tools", "requests"]

# Each feature, and how many tokens one of it makes in most tokenizers: they merge pairs of bytes over words, numbers
# and runs of punctuation, and a blank belongs to what follows it.
_PRIORS: tuple[tuple[str, float], ...] = (
    ("common words", 0.85),
    ("other words", 1.35),
    ("letters of other words beyond the fifth", 0.12),
    ("three consonants", 0.15),
    ("words after a sign", 0.05),
    ("capitals after capitals", 0.15),
    ("words that begin inside words", 0.5),
    ("digits", 0.7),
    ("runs of digits", 0.45),
    ("runs of punctuation", 0.5),
    ("punctuation after punctuation", 0.45),
    ("runs of newlines", 0.85),
    ("newlines after newlines", 0.1),
    ("runs of blanks", 0.5),
    ("blanks after blanks", 0.03),
    ("tabs", 0.4),
    ("letters of two bytes", 0.75),
    ("signs of three bytes", 2.5),
    ("ideographs and kana", 1.1),
    ("hangul", 0.9),
    ("signs of four bytes", 3.0),
    ("characters of thinking", 0.25),
    ("messages", 4.0),
    ("tool calls and results", 8.0),
    ("tools", 10.0),
    ("requests", 6.0),
)
FEATURES: tuple[str, ...] = tuple(name for name, _ in _PRIORS)
PRIOR: Features = tuple(tokens for _, tokens in _PRIORS)
NOTHING: Features = (0.0,) * len(PRIOR)
# What was learnt about other features says nothing about these: count up when they change.
FEATURES_VERSION = 1

# The features that are none of a text: what a vendor puts around it.
STRUCTURAL = frozenset(range(len(PRIOR) - 5, len(PRIOR)))


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
    (range(0xC0, 0xE0), b"2"),
    (range(0xE0, 0xE3), b"3"),
    (range(0xE3, 0xEA), b"4"),
    (range(0xEA, 0xEE), b"5"),
    (range(0xEE, 0xF0), b"3"),
    (range(0xF0, 0x100), b"6"),
)


def _only(kinds: bytes) -> bytes:
    """For bytes.translate: these kinds become x, all others blanks."""
    return bytes(0x78 if kind in kinds else 0x20 for kind in range(256))


_CAPITALS, _DIGITS, _DOTS, _NEWLINES, _BLANKS = map(_only, (b"A", b"0", b".", b"\n", b" "))
_LETTERS = bytes(byte if chr(byte).isalpha() and byte < 0x80 else 0x20 for byte in range(256))
# Of the kinds: letters are one, blanks of all sorts another.
_GLUED = bytes({"a": 0x61, "A": 0x61, " ": 0x20, "\n": 0x20, "\t": 0x20}.get(chr(byte), 0x2E) for byte in range(256))
_SMALL = bytes(byte + 32 if 0x41 <= byte <= 0x5A else byte for byte in range(256))
_CONSONANTS = bytes(0x78 if chr(byte) in "bcdfghjklmnpqrstvwxz" else 0x20 for byte in range(256))
_SHORT = 5

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
    """What the text is made of. Takes about 40 ms for a megabyte."""
    signs = text.encode("utf-8", "surrogatepass")
    kinds = signs.translate(_KINDS, _CONTINUATION)
    count = kinds.count
    spelt = Counter(signs.translate(_LETTERS).split())
    common = others = long = 0
    for word, times in spelt.items():
        small = word.translate(_SMALL)
        if small in _COMMON:
            common += times
        else:
            others += times
            long += times * max(0, len(word) - _SHORT)
    capitals, digits, dots, newlines, blanks = count(b"A"), count(b"0"), count(b"."), count(b"\n"), count(b" ")
    digit_runs, dot_runs, newline_runs = (_runs(kinds, only) for only in (_DIGITS, _DOTS, _NEWLINES))
    blank_runs = _runs(kinds, _BLANKS)
    # A blank before a word or a sign is a part of it: what is left are those that are longer.
    long_blanks = kinds.translate(_BLANKS).count(b" xx") + kinds.startswith(b"  ")
    return (
        float(common),
        float(others),
        float(long),
        float(signs.translate(_CONSONANTS).count(b"xxx")),
        float(kinds.translate(_GLUED).count(b".a")),
        float(capitals - _runs(kinds, _CAPITALS)),
        float(count(b"aA")),
        float(digits),
        float(digit_runs),
        float(dot_runs),
        float(dots - dot_runs),
        float(newline_runs),
        float(newlines - newline_runs),
        float(long_blanks),
        float(blanks - blank_runs),
        *(float(count(sign)) for sign in (b"\t", b"2", b"3", b"4", b"5", b"6")),
        *NOTHING[-len(STRUCTURAL) :],
    )


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
