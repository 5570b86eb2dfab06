"""How far our estimates of tokens are off, against real tokenizers and texts that are not ours.

`python -m benchmarks.token_estimates TOKENIZER FILE…` cuts the files into texts of 500 to 20,000 tokens, lets an
estimator learn from 20 of them, as it would from a model's answers, and prints over all others, for each suffix, the
mean of the error, what 95 % of the errors stay below, and the bias. TOKENIZER is the address of a running llama.cpp
server, or a tokenizer.json as Hugging Face has it (`pip install tokenizers` for that). `make bench` does not run it: it
needs one of them.
"""

import importlib
import json
import math
import random
import statistics
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

from slop_qt.providers.token_estimate import TokenEstimator
from slop_qt.providers.token_features import text_features

_TAUGHT = 20
_ORDERS = 10
_TOKENS = (500, 20_000)
_CHARACTERS = (2_000, 60_000)
_TEXTS = 100  # of each suffix

Tokenizer = Callable[[str], int]


def _tokenizer(name: str) -> Tokenizer:
    if "://" in name:
        return lambda text: _asked(name, text)
    loaded = importlib.import_module("tokenizers").Tokenizer.from_file(name)
    return lambda text: len(loaded.encode(text, add_special_tokens=False).ids)


def _asked(server: str, text: str) -> int:
    body = json.dumps({"content": text}).encode()
    request = urllib.request.Request(f"{server}/tokenize", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return len(json.load(response)["tokens"])


def _texts(files: list[Path]) -> dict[str, list[str]]:
    """Pieces from anywhere in the files, short ones as often as long ones."""
    chance = random.Random(1)
    least, most = _CHARACTERS
    by_suffix: dict[str, list[str]] = {}
    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace")
        if len(text) >= least:
            by_suffix.setdefault(file.suffix, []).append(text)
    found: dict[str, list[str]] = {}
    for suffix, whole in by_suffix.items():
        for _ in range(_TEXTS):
            text, size = chance.choice(whole), round(math.exp(chance.uniform(math.log(least), math.log(most))))
            start = chance.randrange(max(1, len(text) - size))
            found.setdefault(suffix, []).append(text[start : start + size])
    return found


def _main(name: str, files: list[Path]) -> None:
    tokenizer = _tokenizer(name)
    counted = [
        (suffix, text_features(text), tokens)
        for suffix, texts in _texts(files).items()
        for text in texts
        if _TOKENS[0] <= (tokens := tokenizer(text)) <= _TOKENS[1]
    ]
    errors: dict[str, list[float]] = {}
    for order in range(_ORDERS):
        shuffled = random.Random(order).sample(counted, len(counted))
        estimator = TokenEstimator()
        for _, features, tokens in shuffled[:_TAUGHT]:
            estimator.learn(features, tokens)
        for suffix, features, tokens in shuffled[_TAUGHT:]:
            errors.setdefault(suffix, []).append(estimator.tokens(features) / tokens - 1)
    for suffix, off in sorted(errors.items()):
        sizes = sorted(map(abs, off))
        most = sizes[int(0.95 * len(sizes))]
        print(
            f"{suffix}: mean error {statistics.mean(sizes):.1%}, 95 % below {most:.1%}, "
            f"bias {statistics.mean(off):+.1%}, {len(off)} estimates"
        )


if __name__ == "__main__":
    _main(sys.argv[1], [Path(name) for name in sys.argv[2:]])
