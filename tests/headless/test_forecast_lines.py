"""The dry run on a terminal: what is known in aligned lines, and why the rest is not."""

from slop_qt.core.forecast import Estimate, FileOverlap, Forecast, TicketForecast
from slop_qt.headless.forecast_lines import forecast_line, forecast_lines

KNOWN = {
    "tokens": Estimate(low=81_234, middle=118_372, high=190_000),
    "cost_usd": Estimate(low=0.0834, middle=0.1249, high=1.27),
}


def forecast(*stages: tuple[str, ...], basis: str = "From 12 earlier tickets.", **fields: object) -> Forecast:
    names = [name for stage in stages for name in stage]
    none = {"input_tokens": None, "output_tokens": None, "cost_usd": None}
    given = {
        "track_id": "t",
        "workers": 4,
        "stages": stages,
        "at_once": 2,
        "critical_path": tuple(stage[0] for stage in stages),
        "overlaps": (),
        "tickets": tuple(TicketForecast(ticket_id=name, stage=0, basis=basis, **none) for name in names),
        "tokens": None,
        "cost_usd": None,
    }
    return Forecast.model_validate(given | fields)


def test_everything_in_aligned_lines() -> None:
    pair = FileOverlap(first="B", second="C", path="b.txt")
    assert forecast_lines(forecast(("A", "F"), ("B",), ("C",), overlaps=(pair,), **KNOWN)) == [
        "",
        "    Order         A, F → B → C",
        "    At once       2, with 4 workers",
        "    Critical path A → B → C (3 of 4 tickets)",
        "    Same path     B and C: b.txt",
        "    Tokens        120,000 tokens (81,000 to 190,000)",
        "    Cost          0.12 USD (0.083 to 1.3)",
        "    Basis         From 12 earlier tickets.",
        "",
    ]
    assert forecast_line(forecast(("A", "F"), ("B",), **KNOWN)) == (
        "Expected: 3 tickets, up to 2 at once, at least 2 in a row; 120,000 tokens (81,000 to 190,000); "
        "0.12 USD (0.083 to 1.3)."
    )


def test_what_is_not_known_is_said_to_be_so() -> None:
    lines = forecast_lines(forecast(("A",), basis="No ticket of this project has been worked by m yet."))
    assert lines[-4:-1] == [
        "    Tokens        not known",
        "    Cost          not known",
        "    Basis         No ticket of this project has been worked by m yet.",
    ]
    assert forecast_line(forecast(("A",))).endswith("at least 1 in a row; tokens and cost not known.")
    assert forecast_line(forecast(("A",), tokens=KNOWN["tokens"])).endswith("(81,000 to 190,000); cost not known.")


def test_hundreds_of_tickets_stay_a_few_lines() -> None:
    stages = tuple((f"T{n}", f"U{n}") for n in range(150))
    pairs = tuple(FileOverlap(first=f"T{n}", second=f"U{n}", path="x") for n in range(150))
    lines = forecast_lines(forecast(*stages, overlaps=pairs))
    assert len(lines) == 13 and max(map(len, lines)) < 100
    assert "    Order         150 stages of 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, … tickets" in lines
    assert "    Critical path T0 → T1 → T2 → T3 → … → T149 (150 of 300 tickets)" in lines
    assert "    Same path     and 146 more pairs" in lines


def test_a_track_without_tickets_has_no_lines_and_no_word_of_a_plan_is_obeyed() -> None:
    assert forecast_lines(forecast()) == []
    pair = FileOverlap(first="B", second="C", path="\x1b[31mred")
    assert not any("\x1b" in line for line in forecast_lines(forecast(("B", "C"), overlaps=(pair,))))
