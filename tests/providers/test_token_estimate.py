"""The estimate learns a tokenizer that it does not know: another one than those that its first guess is from."""

import math
import random
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slop_qt.providers import token_estimate
from slop_qt.providers.token_estimate import ModelCalibration, TokenEstimator
from slop_qt.providers.token_features import FEATURES, NOTHING, PRIOR, added, structure, text_features

HERE = Path(token_estimate.__file__).parents[2]
CODE = [*sorted((HERE / "slop_qt").rglob("*.py")), *sorted((HERE / "tests").rglob("*.py"))]
PROSE = [*sorted((HERE / "docs").glob("*.md")), HERE / "README.md", *sorted((HERE / "resources").rglob("*.md"))]


def pieces_of(text):
    """A tokenizer: the longest known piece at each place, blanks by themselves, unknown signs byte by byte."""
    return [piece for part in _PARTS.findall(text) for piece in _pieces_of_part(part)]


# No piece is of letters and others, so that each word is looked for among the 1,500 once.
_PARTS = re.compile(r"[A-Za-z]+|[^A-Za-z]+")


@cache
def _pieces_of_part(part):
    return _Greedy.known.findall(part)


class _Greedy:
    """Pieces as a vocabulary has them: frequent beginnings of words in the project's own prose, and single letters."""

    known: re.Pattern[str]

    @classmethod
    def build(cls):
        counted: dict[str, int] = {}
        for path in PROSE:
            for word in re.findall(r"[A-Za-z]+", path.read_text(encoding="utf-8")):
                for length in range(2, min(len(word), 9) + 1):
                    counted[word[:length]] = counted.get(word[:length], 0) + length
        best = sorted(counted, key=lambda piece: -counted[piece])[:1500]
        longest_first = sorted(best, key=len, reverse=True)
        cls.known = re.compile(
            "|".join([*longest_first, r"[A-Za-z]{1,2}", r"\d{1,2}", r" {1,4}", r"\n+", r"."]), re.DOTALL
        )


_Greedy.build()


def chunks(paths, seed):
    """Texts of 500 tokens and more, cut out anywhere."""
    chance = random.Random(seed)
    texts = [text for path in paths if len(text := path.read_text(encoding="utf-8")) > 3000]
    while True:
        text = chance.choice(texts)
        size = chance.randint(3000, 12_000)
        start = chance.randrange(max(1, len(text) - size))
        chunk = text[start : start + size]
        if len(pieces_of(chunk)) >= 500:
            yield chunk


@pytest.mark.parametrize("paths", [PROSE, CODE], ids=["English", "code"])
def test_after_twenty_answers_the_mean_error_is_at_most_five_percent(paths):
    taught, asked = chunks(paths, 1), chunks(paths, 2)
    estimator = TokenEstimator()
    before = [_error(estimator, next(asked)) for _ in range(60)]
    for _ in range(20):
        text = next(taught)
        estimator.learn(text_features(text), len(pieces_of(text)))
    after = [_error(estimator, next(asked)) for _ in range(60)]
    assert sum(before) / 60 > 0.1, "this tokenizer is one that has to be learnt"
    assert sum(after) / 60 <= 0.05


def test_learning_prose_and_code_together_is_as_good():
    estimator = TokenEstimator()
    prose, code = chunks(PROSE, 3), chunks(CODE, 4)
    for text in [text for pair in zip(prose, code, range(10), strict=False) for text in pair[:2]]:
        estimator.learn(text_features(text), len(pieces_of(text)))
    errors = [_error(estimator, text) for source in (prose, code) for text, _ in zip(source, range(60), strict=False)]
    assert estimator.seen == 20
    assert sum(errors) / len(errors) <= 0.05


def _error(estimator, text):
    tokens = len(pieces_of(text))
    return abs(estimator.tokens(text_features(text)) - tokens) / tokens


def test_before_any_answer_it_is_the_first_guess():
    assert TokenEstimator().tokens(PRIOR) == sum(weight**2 for weight in PRIOR)
    assert TokenEstimator().tokens(NOTHING) == 0


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 10**6), min_size=len(FEATURES), max_size=len(FEATURES)), st.integers(-5, 10**9)
        ),
        max_size=8,
    )
)
def test_whatever_it_is_told_no_estimate_is_negative_or_endless(lessons):
    estimator = TokenEstimator()
    for features, tokens in lessons:
        estimator.learn(tuple(map(float, features)), tokens)
        for index in range(len(FEATURES)):
            one = tuple(float(index == other) for other in range(len(FEATURES)))
            assert 0 <= estimator.tokens(one) <= 8 * PRIOR[index]
    assert ModelCalibration.model_validate_json(estimator.calibration().model_dump_json()) == estimator.calibration()


@pytest.mark.parametrize("tokens", [0, -1, 1, 10**9])
def test_a_count_that_cannot_be_true_teaches_nothing(tokens):
    estimator = TokenEstimator()
    estimator.learn(text_features("some words " * 500), tokens)
    assert estimator.seen == 0
    assert estimator.calibration().weights == PRIOR


def test_one_strange_answer_does_not_spoil_what_many_have_taught():
    estimator = TokenEstimator()
    source = chunks(PROSE, 5)
    for _ in range(20):
        text = next(source)
        estimator.learn(text_features(text), len(pieces_of(text)))
    text = next(source)
    good = estimator.tokens(text_features(text))
    estimator.learn(text_features(text), round(good * 3))
    assert estimator.tokens(text_features(text)) == pytest.approx(good, rel=0.1)


def test_what_was_learnt_is_taken_up_again():
    one = TokenEstimator()
    text = next(chunks(PROSE, 6))
    for _ in range(5):
        one.learn(text_features(text), 2 * len(pieces_of(text)))
    other = TokenEstimator(ModelCalibration.model_validate_json(one.calibration().model_dump_json()))
    assert other.seen == 5
    assert other.tokens(text_features(text)) == one.tokens(text_features(text))


def test_a_calibration_that_cannot_be_one_is_refused_or_passed_over():
    good = TokenEstimator().calibration()
    with pytest.raises(ValidationError):
        ModelCalibration(seen=1, weights=(1.0,), spread=good.spread)
    with pytest.raises(ValidationError):
        ModelCalibration(seen=1, weights=(math.nan, *good.weights[1:]), spread=good.spread)
    negative = tuple(tuple(-value for value in row) for row in good.spread)
    assert TokenEstimator(ModelCalibration(seen=9, weights=good.weights, spread=negative)).seen == 0


@pytest.mark.parametrize("told", [0, 300, 3000], ids=["not told", "told in few words", "told in many"])
def test_how_a_vendor_tells_the_model_of_tools_does_not_spoil_what_is_known_of_texts(told):
    estimator = TokenEstimator()
    tools = added((structure("tools", 8), structure("characters of tools", 3600)))
    source = chunks(PROSE, 7)
    for number in range(20):
        text = next(source)
        # Two agents: their first requests have the tools, what follows is only what is new.
        head, more = (NOTHING, 0) if number % 10 else (tools, told)
        estimator.learn(added((head, text_features(text))), more + len(pieces_of(text)))
    errors = [_error(estimator, next(source)) for _ in range(60)]
    assert sum(errors) / 60 <= 0.05
