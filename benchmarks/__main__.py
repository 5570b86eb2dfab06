"""`python -m benchmarks`: all lines, each as `name: ours / floor = ratio (goal)`, and benchmarks/results.json.

`python -m benchmarks NAME…` measures only the lines of these names: answer, adapters, streams, start, conductor, graph.
Each bench is a process of its own. The exit code is 0 whether or not goals are met: a busy machine is no defect.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import Line, exponent, lateness_line, rate_line, ratio_line
from benchmarks.start import start_pairs

_RESULTS = Path(__file__).with_name("results.json")
_HEADLINE_TOKENS = 100_000
_HEADLINE_STREAMS = 64
_HEADLINE_TICKETS = 300


def _child(*arguments: str) -> Any:
    """Run a bench's module; its result is the last line of its output."""
    process = subprocess.run([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} failed with exit code {process.returncode}.")
    return json.loads(process.stdout.splitlines()[-1])


def _answer() -> list[Line]:
    return [_answer_line("no window", "headless", 2.5), _answer_line("window shown", "window", 3.0)]


def _answer_line(name: str, kind: str, goal: float) -> Line:
    by_size: dict[int, list[tuple[float, float]]] = {}
    for tokens, ours, floor in _child("benchmarks.answer", kind):
        by_size.setdefault(tokens, []).append((ours, floor))
    ratios = ", ".join(
        f"{tokens // 1000}k {median(ours / floor for ours, floor in pairs):.2f}" for tokens, pairs in by_size.items()
    )
    grows = exponent((tokens, median(ours for ours, _ in pairs)) for tokens, pairs in by_size.items())
    note = f"{ratios}; grows with size^{grows:.2f}"
    return ratio_line(f"100k-token answer, {name}, / raw client", by_size[_HEADLINE_TOKENS], goal, note)


def _adapters() -> list[Line]:
    by_vendor: dict[str, list[tuple[float, float]]] = {}
    for vendor, ours, bare in _child("benchmarks.adapters"):
        by_vendor.setdefault(vendor, []).append((ours, bare))
    return [rate_line(f"{vendor} adapter, / bare SDK", pairs, 1.0) for vendor, pairs in by_vendor.items()]


def _streams() -> list[Line]:
    idle, *loads = _child("benchmarks.streams")
    headline = [load for load in loads if load["streams"] == _HEADLINE_STREAMS]
    p99, worst = median(load["p99_ms"] for load in headline), max(load["max_ms"] for load in headline)
    rate, cpu = median(load["rate"] for load in headline), median(load["cpu"] for load in headline)
    grows = exponent((load["streams"], load["cpu"]) for load in loads)
    note = f"{rate:.0f} tokens/s each, {cpu:.0%} of a core, CPU grows with streams^{grows:.2f}"
    return [
        lateness_line("64 streams, window's lateness p99, / idle", p99, idle["p99_ms"], 8, note),
        lateness_line("64 streams, window's lateness max, / idle", worst, idle["max_ms"], 50),
    ]


def _start() -> list[Line]:
    return [ratio_line("start, window and socket, / empty window", start_pairs(), 2.0)]


def _conductor() -> list[Line]:
    by_size: dict[int, list[tuple[float, float]]] = {}
    for tickets, ours, floor, events in _child("benchmarks.conductor"):
        by_size.setdefault(tickets, []).append((ours, floor))
        each = events / tickets
    least, most = min(by_size), max(by_size)
    ratios = ", ".join(
        f"{tickets:,} {median(ours / floor for ours, floor in pairs):.1f}" for tickets, pairs in by_size.items()
    )
    grows = exponent((tickets, median(ours for ours, _ in pairs)) for tickets, pairs in by_size.items())
    note = f"{ratios}; {each:.1f} events a ticket; grows with tickets^{grows:.2f}"
    sizes = [(big, small) for (big, _), (small, _) in zip(by_size[most], by_size[least], strict=False)]
    return [
        ratio_line(f"conductor, {least:,} tickets, / graphlib", by_size[least], 10.0, note),
        ratio_line(f"conductor, {most:,} tickets, / {least:,}", sizes, 15.0),
    ]


def _graph() -> list[Line]:
    measured = _child("benchmarks.graph")
    pairs = [(ours, floor) for size, ours, _, floor in measured if size == _HEADLINE_TICKETS]
    layout = median(laid_out for size, _, laid_out, _ in measured if size == _HEADLINE_TICKETS)
    grows = exponent((size, ours) for size, ours, _, _ in measured)
    note = f"of this, the layout {layout * 1000:.0f} ms; grows with tickets^{grows:.2f}"
    return [ratio_line("graph, 300 tickets laid out and painted, / bare drawing", pairs, 4.0, note)]


_BENCHES: dict[str, Callable[[], list[Line]]] = {
    "answer": _answer,
    "adapters": _adapters,
    "streams": _streams,
    "start": _start,
    "conductor": _conductor,
    "graph": _graph,
}


def _main(names: list[str]) -> None:
    unknown = set(names) - _BENCHES.keys()
    if unknown:
        sys.exit(f"There is no bench {', '.join(sorted(unknown))}. There are: {', '.join(_BENCHES)}.")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")  # what the offscreen platform cannot do
    lines: list[Line] = []
    for name in names or _BENCHES:
        for line in _BENCHES[name]():
            print(line, flush=True)
            lines.append(line)
    about = {"time": datetime.now(UTC).isoformat(), "python": platform.python_version(), "cores": os.cpu_count()}
    content = {**about, "lines": [line.as_json() for line in lines]}
    _RESULTS.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _main(sys.argv[1:])
