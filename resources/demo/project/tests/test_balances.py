import datetime
import unittest

from pocketbook.balances import balances
from pocketbook.entries import Entry, Posting
from pocketbook.money import Money


def entry(**amounts):
    postings = (
        Posting(name.replace("_", ":"), Money.parse(text)) for name, text in amounts.items()
    )
    return Entry(datetime.date(2026, 1, 31), "Test", tuple(postings))


class BalancesTest(unittest.TestCase):
    def test_nothing_holds_nothing(self):
        self.assertEqual(balances([]), {})

    def test_adds_up_over_entries(self):
        entries = [
            entry(cash="5.00 EUR", food="-5.00 EUR"),
            entry(cash="2.50 EUR", food="-2.50 EUR"),
        ]
        self.assertEqual(balances(entries), {"cash": Money(750), "food": Money(-750)})

    def test_an_account_holds_what_the_accounts_inside_of_it_hold(self):
        moved = entry(home_rent="1,640.00 EUR", home_power="58.50 EUR", bank="-1,698.50 EUR")
        self.assertEqual(
            list(balances([moved]).items()),
            [
                ("bank", Money(-169_850)),
                ("home", Money(169_850)),
                ("home:power", Money(5_850)),
                ("home:rent", Money(164_000)),
            ],
        )
