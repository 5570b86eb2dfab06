"""The graph that the conductor is measured with."""

from benchmarks.conductor import layers
from slop_qt.core.tickets import check_graph
from slop_qt.mma.forecasting import rounds


def test_it_is_layers_of_ten_of_which_each_ticket_needs_two_of_the_one_above() -> None:
    tickets = layers(35)
    assert len(check_graph(tickets)) == 35
    assert {len(ticket.depends_on) for ticket in tickets[:10]} == {0} and tickets[20].depends_on == ("T10", "T11")
    assert {len(ticket.depends_on) for ticket in tickets[10:]} == {2} and tickets[29].depends_on == ("T19", "T10")
    assert [len(together) for together in rounds(tickets, 35)] == [10, 10, 10, 5]
