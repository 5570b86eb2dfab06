"""Counts are the provider's where it gives them, else what it reported before and an estimate of the rest."""

import asyncio
import json
import threading

import pytest
from virtual_time import run_in_virtual_time

from slop_qt.core.conversation import (
    Message,
    ModelRequest,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolSpec,
    ToolUseBlock,
)
from slop_qt.providers.request_meter import RequestMeter
from slop_qt.providers.token_counter import TokenCount, TokenCounter, TokenCounters
from slop_qt.providers.token_features import added

TOOLS = (ToolSpec("read_file", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}}),)
LONG = "These are the words of a first message which is long enough to be worth a hundred tokens. " * 40


def said(*texts, **fields):
    """A request whose turns are these texts."""
    messages = tuple(
        Message("user" if number % 2 == 0 else "assistant", (TextBlock(text),)) for number, text in enumerate(texts)
    )
    return ModelRequest(**({"model": "m", "system": "Be brief.", "messages": messages} | fields))


def measured(request):
    return RequestMeter().measure(request)


class Session:
    """Counts as it is told, after so many seconds."""

    def __init__(self, *counts, after_s=0.0):
        self.counts = list(counts)
        self.after_s = after_s
        self.asked = 0

    async def count(self, _):
        self.asked += 1
        await asyncio.sleep(self.after_s)
        return self.counts.pop(0)


# What a request is told apart by


@pytest.mark.parametrize(
    "other",
    [
        said("a", model="n"),
        said("a", system="Be long."),
        said("a", thinking_tokens=2000),
        said("a", tools=TOOLS),
        said("b"),
        said("a", "b"),
        said("a", messages=(Message("assistant", (TextBlock("a"),)),)),
        said("a", messages=(Message("user", (TextBlock("a"), TextBlock(""))),)),
        said("a", messages=(Message("user", (TextBlock("a", signature="s"),)),)),
        said("a", messages=(Message("user", (ThinkingBlock("a"),)),)),
        said("a", messages=(Message("user", (ToolUseBlock("a", "b", {}),)),)),
        said("a", messages=(Message("user", (ToolResultBlock("a", "b"),)),)),
    ],
)
def test_requests_that_differ_anywhere_have_other_hashes(other):
    assert measured(other).digest != measured(said("a")).digest


def test_the_pieces_of_a_message_are_not_run_together():
    texts = (("a", "b"), ("ab",), ("a1:b",), ("a4:text1:b",))
    requests = [said(messages=(Message("user", tuple(map(TextBlock, blocks))),)) for blocks in texts]
    assert len({measured(request).digest for request in requests}) == len(texts)


def test_what_an_answer_may_hold_is_not_part_of_the_input():
    assert measured(said("a", max_output_tokens=1)).digest == measured(said("a", max_output_tokens=2)).digest


def test_a_meter_measures_as_one_that_sees_the_request_for_the_first_time():
    meter = RequestMeter()
    first = said(LONG, tools=TOOLS)
    use = ToolUseBlock("c", "read_file", {"path": "a.py"}, signature="s")
    longer = said(
        tools=TOOLS,
        messages=(
            *first.messages,
            Message("assistant", (ThinkingBlock("hm", signature="s"), use)),
            Message("user", (ToolResultBlock("c", "x = 1\n"),)),
        ),
    )
    other = said("else", "and", "else", model="n")
    for request in (first, longer, longer, other, first, longer):
        assert meter.measure(request) == measured(request)


def test_the_parts_have_all_that_the_request_has():
    request = measured(said(LONG, "yes", "go on", tools=TOOLS))
    assert added(part.features for part in request.parts) == request.features
    assert [part.kind for part in request.parts] == ["system", "tools", "prompt", "history", "history"]
    assert [part.place.message for part in request.parts] == [-1, -1, 0, 1, 2]
    assert [part.turn for part in request.parts] == [0, 0, 0, 1, 1]


def test_thinking_that_no_vendor_has_marked_is_not_sent_and_not_counted():
    unmarked = said(messages=(Message("assistant", (ThinkingBlock("x" * 5000),)),))
    marked = said(messages=(Message("assistant", (ThinkingBlock("x" * 5000, signature="s"),)),))
    counter = TokenCounter()
    assert counter.estimate(measured(unmarked)).tokens + 1000 < counter.estimate(measured(marked)).tokens


def test_a_label_says_the_tool_and_what_it_was_used_on():
    uses = (
        ToolUseBlock("1", "read_file", {"path": "a\nb.py"}),
        ToolUseBlock("2", "run_command", {"command": "x" * 500}),
        ToolUseBlock("3", "finish", ["no", "object"]),
    )
    results = tuple(ToolResultBlock(call_id, "ok") for call_id in ("1", "2", "3", "unknown"))
    request = said(messages=(Message("user", (TextBlock("a"),)), Message("assistant", uses), Message("user", results)))
    labels = [part.label for part in measured(request).parts if part.kind == "tool_result"]
    assert labels[0] == "read_file a b.py"
    assert labels[1].startswith("run_command xxx") and len(labels[1]) == 80 and labels[1].endswith("…")
    assert labels[2:] == ["finish", "unknown"]


# Counting


def test_the_providers_count_is_asked_for_once():
    async def run():
        counter, session = TokenCounter(), Session(77)
        return [await counter.count(session, measured(said("a"))) for _ in range(3)], session.asked

    counts, asked = run_in_virtual_time(run())
    assert counts == [TokenCount(77, "provider")] * 3
    assert asked == 1


def test_a_provider_that_does_not_count_leaves_an_estimate():
    async def run():
        return await TokenCounter().count(Session(None), measured(said(LONG)))

    count = run_in_virtual_time(run())
    assert count.measured == "estimate"
    assert 500 < count.tokens < 1200


def test_a_slow_count_is_waited_for_two_seconds_and_not_asked_for_again_in_a_minute():
    async def run():
        loop = asyncio.get_running_loop()
        counter, session = TokenCounter(now=loop.time), Session(1, 2, 3, after_s=3.0)
        took = []
        for pause in (0, 30, 29.9, 0.1):
            await asyncio.sleep(pause)
            before = loop.time()
            assert (await counter.count(session, measured(said("a")))).measured == "estimate"
            took.append(round(loop.time() - before, 3))
        return took, session.asked

    assert run_in_virtual_time(run()) == ([2.0, 0.0, 0.0, 2.0], 2)


def test_what_was_reported_is_known_and_the_rest_is_estimated():
    counter = TokenCounter()
    first = measured(said("a"))
    counter.learn(first, 5000)
    assert counter.estimate(first) == TokenCount(5000, "provider")
    longer = counter.estimate(measured(said("a", "Yes.", "Go on.")))
    assert longer.measured == "estimate"
    assert 5000 < longer.tokens < 5050


def test_the_longest_beginning_that_is_known_counts():
    counter = TokenCounter()
    counter.learn(measured(said("a")), 5000)
    counter.learn(measured(said("a", "b", "c")), 9000)
    assert 9000 < counter.estimate(measured(said("a", "b", "c", "d", "e"))).tokens < 9050
    assert counter.estimate(measured(said("x", "b", "c", "d", "e"))).tokens < 5000


def test_it_learns_from_what_was_added_and_not_from_what_both_have():
    """A provider that hides 20,000 tokens in its own prompt teaches nothing wrong of words."""
    plain, odd = TokenCounter(), TokenCounter()
    texts = ["start"]
    for turn in range(12):
        texts += [LONG * (1 + turn % 3), "and"]
        tokens = sum(len(text) // 4 for text in texts)
        plain.learn(measured(said(*texts)), tokens)
        odd.learn(measured(said(*texts)), 20_000 + tokens)
    question = measured(said(LONG * 10))
    assert odd.estimate(question).tokens == pytest.approx(plain.estimate(question).tokens, rel=0.05)


@pytest.mark.parametrize("tokens", [0, -3])
def test_an_answer_that_reported_nothing_teaches_nothing(tokens):
    counter = TokenCounter()
    counter.learn(measured(said("a")), tokens)
    assert counter.calibration is None
    assert counter.estimate(measured(said("a"))).measured == "estimate"


def test_a_report_that_shrinks_is_taken_as_it_is():
    counter = TokenCounter()
    counter.learn(measured(said(LONG)), 900)
    counter.learn(measured(said(LONG, "b", "c")), 700)
    assert counter.estimate(measured(said(LONG, "b", "c"))) == TokenCount(700, "provider")


def test_memory_of_counts_is_bounded():
    counter = TokenCounter()
    requests = [measured(said(str(number))) for number in range(5000)]
    for request in requests:
        counter.learn(request, 10)
    assert counter.estimate(requests[-1]).measured == "provider"
    assert counter.estimate(requests[0]).measured == "estimate"


def test_agents_in_many_threads_learn_at_once():
    counters = TokenCounters()
    failures = []

    def work(number):
        try:
            counter, meter = counters.of("p", "m"), RequestMeter()
            for turn in range(30):
                request = meter.measure(said(f"{number}", *[LONG] * turn))
                counter.estimate(request)
                counter.learn(request, 50 + 800 * turn)
        except Exception as error:  # noqa: BLE001  # shown by the assertion
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    calibration = counters.of("p", "m").calibration
    assert calibration is not None
    assert calibration.seen > 200


# Keeping what was learnt


def taught(times=3, provider="anthropic", model="m"):
    counters = TokenCounters()
    for number in range(times):
        counters.of(provider, model).learn(measured(said(LONG, str(number))), 1300)
    return counters


def test_what_was_learnt_is_taken_up_after_a_restart():
    first, later = taught(), TokenCounters()
    later.restore(first.export())
    question = measured(said("else " * 300))
    assert later.of("anthropic", "m").estimate(question) == first.of("anthropic", "m").estimate(question)
    assert later.of("anthropic", "n").estimate(question) != first.of("anthropic", "m").estimate(question)
    assert later.export() == first.export()


def test_of_two_processes_the_one_that_has_seen_more_is_believed():
    much, little = taught(9), taught(2)
    expected = much.export()
    little.restore(expected)
    assert little.export() == expected
    much.restore(taught(2).export())
    assert much.export() == expected


def test_nothing_learnt_is_nothing_to_keep():
    counters = TokenCounters()
    counters.of("anthropic", "m")
    assert counters.export() == ""
    assert taught(provider="scripted").export() == ""


def spoiled(change):
    document = json.loads(taught().export())
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "\ud83d",
        '{"version": 1}',
        '{"version": 1, "models": {"m": {}}}',
        spoiled(lambda document: document.update(more=1)),
        spoiled(lambda document: document["models"]["anthropic m"]["weights"].pop()),
        spoiled(lambda document: document["models"]["anthropic m"].update(seen=-1)),
        taught().export().replace("0.", "NaN", 1),
    ],
)
def test_a_file_that_is_none_is_passed_over_with_a_log_line(text, caplog):
    counters = TokenCounters()
    counters.restore(text)
    assert counters.export() == ""
    assert "not used" in caplog.text


def test_what_was_learnt_of_other_features_is_passed_over():
    counters = TokenCounters()
    counters.restore(spoiled(lambda document: document.update(version=0)))
    assert counters.export() == ""
