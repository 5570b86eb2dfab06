"""How far our estimates of tokens are off, against the tokenizer of a running llama.cpp server.

`SLOP_QT_LLAMA_SERVER=http://127.0.0.1:8080 python -m benchmarks.token_estimates FILE…` cuts the files into texts, lets
an estimator learn from 20 of them, as it would from a model's answers, and prints the mean error over all others, for
each suffix. `make bench` does not run it: it needs a server.
"""

import json
import os
import random
import statistics
import sys
import urllib.request
from pathlib import Path

from slop_qt.providers.token_estimate import TokenEstimator
from slop_qt.providers.token_features import text_features

_TAUGHT = 20
_ORDERS = 10
_LEAST_TOKENS = 500
_CHARACTERS = (3_000, 30_000)
_TEXTS = 40  # of each suffix


def _tokens(server: str, text: str) -> int:
    body = json.dumps({"content": text}).encode()
    request = urllib.request.Request(f"{server}/tokenize", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return len(json.load(response)["tokens"])


def _texts(files: list[Path]) -> dict[str, list[str]]:
    chance = random.Random(1)
    found: dict[str, list[str]] = {}
    for file in chance.sample(files, len(files)):
        text = file.read_text(encoding="utf-8", errors="replace")
        size = chance.randint(*_CHARACTERS)
        start = chance.randrange(max(1, len(text) - size))
        if len(text) >= _CHARACTERS[0] and len(found.setdefault(file.suffix, [])) < _TEXTS:
            found[file.suffix].append(text[start : start + size])
    return found


def _main(server: str, files: list[Path]) -> None:
    counted = [
        (suffix, text_features(text), tokens)
        for suffix, texts in _texts(files).items()
        for text in texts
        if (tokens := _tokens(server, text)) >= _LEAST_TOKENS
    ]
    errors: dict[str, list[float]] = {}
    for order in range(_ORDERS):
        shuffled = random.Random(order).sample(counted, len(counted))
        estimator = TokenEstimator()
        for _, features, tokens in shuffled[:_TAUGHT]:
            estimator.learn(features, tokens)
        for suffix, features, tokens in shuffled[_TAUGHT:]:
            errors.setdefault(suffix, []).append(abs(estimator.tokens(features) / tokens - 1))
    for suffix, off in sorted(errors.items()):
        print(f"{suffix}: mean error {statistics.mean(off):.1%} of {len(off)} estimates")


if __name__ == "__main__":
    _main(os.environ["SLOP_QT_LLAMA_SERVER"], [Path(name) for name in sys.argv[1:]])
